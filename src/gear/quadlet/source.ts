// SPDX-License-Identifier: Apache-2.0
import { dirname, relative, resolve } from "node:path";
import { statSync } from "node:fs";
import type { Source } from "../generation/model.ts";
import type { QuadletSet } from "./quadlet-set.ts";

/**
 * The files that a set was read from, for the generation to keep. What is rendered first is complete: manifests and
 * environment files are read by that.
 * @param path of the file or directory that was named
 */
export function quadletSource(set: QuadletSet, path: string): Source {
  const base = statSync(path).isDirectory() ? resolve(path) : dirname(resolve(path));
  const files = [...set.texts].map(([place, text]) => {
    const name = relative(base, place);
    // Of a drop-in or manifest elsewhere, where it stood on the host.
    return [name.startsWith("..") ? `elsewhere${place}` : name, text] as const;
  });
  return { path: resolve(path), files: new Map(files) };
}
