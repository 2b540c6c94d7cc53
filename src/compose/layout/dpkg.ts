// SPDX-License-Identifier: Apache-2.0
import type { DirNode } from "../../ostree/index.ts";
import { ensureDirectory, move } from "../tree.ts";

/** The package database is a part of the release: /var/lib/dpkg becomes a link to it at boot. */
const dpkgDatabase = "usr/lib/sysimage/dpkg";

export function moveDpkgDatabase(tree: DirNode): void {
  if (!move(tree, "var/lib/dpkg", dpkgDatabase)) return;
  // dpkg refuses to read a database without this directory, also an empty one.
  ensureDirectory(tree, `${dpkgDatabase}/updates`);
}
