// SPDX-License-Identifier: Apache-2.0
import type { DirNode } from "../../ostree/index.ts";
import { makeFileNode, put, readText } from "../tree.ts";

const path = "usr/lib/os-release";

/**
 * Writes the release into os-release(5), as rpm-ostree's `mutate-os-release`: the base version is replaced in VERSION
 * and PRETTY_NAME (put behind in brackets where it does not occur), and OSTREE_VERSION is added.
 */
export function mutateOsRelease(tree: DirNode, base: string | undefined, version: string): void {
  const text = readText(tree, path);
  if (text === undefined) return;
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("OSTREE_VERSION="));
  const changed = base === undefined ? lines : lines.map((line) => mutateLine(line, base, version));
  put(tree, path, makeFileNode([...changed, `OSTREE_VERSION='${version}'`, ""].join("\n")));
}

function mutateLine(line: string, base: string, version: string): string {
  const match = /^(VERSION|PRETTY_NAME)=(["']?)(.*)\2$/.exec(line);
  if (!match) return line;
  const [, name = "", , value = ""] = match;
  const next = value.includes(base) ? value.replace(base, version) : `${value} (${version})`;
  return `${name}="${next}"`;
}
