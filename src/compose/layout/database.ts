// SPDX-License-Identifier: Apache-2.0
import type { DirNode } from "../../ostree/index.ts";
import type { FormatLayout } from "../format.ts";
import { ensureDirectory, move } from "../tree.ts";

/** The package database is a part of the release: where it was becomes a link to it at boot. */
export function moveDatabase(tree: DirNode, { installed, released }: FormatLayout["database"]): void {
  if (!move(tree, installed, released)) return;
  // dpkg refuses to read a database without this directory, also an empty one.
  if (installed === "var/lib/dpkg") ensureDirectory(tree, `${released}/updates`);
}
