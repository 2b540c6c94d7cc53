// SPDX-License-Identifier: Apache-2.0
import type { DirNode } from "../../ostree/index.ts";
import { makeFileNode, put, readText } from "../tree.ts";

const path = "usr/lib/os-release";

/**
 * Writes the release into os-release(5), as rpm-ostree's `mutate-os-release`: the base version is replaced in VERSION
 * and PRETTY_NAME, and OSTREE_VERSION is added (composepost.rs `mutate_os_release_contents`).
 */
export function mutateOsRelease(tree: DirNode, base: string | undefined, version: string): void {
  const text = readText(tree, path);
  if (text === undefined) return;
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("OSTREE_VERSION="));
  const changed = base === undefined ? lines : lines.map((line) => mutateLine(line, base, version));
  const quoted = version.replaceAll("'", String.raw`'\''`);
  put(tree, path, makeFileNode([...changed, `OSTREE_VERSION='${quoted}'`, ""].join("\n")));
}

function mutateLine(line: string, base: string, version: string): string {
  const value = /^(?:VERSION|PRETTY_NAME)=/.exec(line)?.[0].length;
  return value === undefined ? line : line.slice(0, value) + line.slice(value).replaceAll(base, () => version);
}
