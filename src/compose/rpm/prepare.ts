// SPDX-License-Identifier: Apache-2.0
/** The tree as scriptlets are to find it: /etc is /etc, /var has the packages' directories; and the way back. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { tmpfilesPaths } from "../../formats/index.ts";
import type { DirNode } from "../../ostree/index.ts";
import { knownPaths } from "../layout/var.ts";
import type { Workspace } from "../sandbox.ts";
import {
  ensureDirectory,
  lookup,
  lookupDirectory,
  makeDirectoryNode,
  makeFileNode,
  makeSymlinkNode,
  move,
  put,
  readText,
  take,
} from "../tree.ts";
import type { Treefile } from "../treefile/model.ts";
import { bootDirectory } from "./import.ts";
import { isGhost, type TreeRpm } from "./package.ts";
import { placementOf, translatePath } from "./translate.ts";

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFLNK = 0o120000;

/** Directories of the root that every installation has; packages may list them, with another mode. */
const rootDirectories: readonly (readonly [path: string, mode: number])[] = [
  ["boot", 0o755],
  ["dev", 0o755],
  ["home", 0o755],
  ["mnt", 0o755],
  ["proc", 0o755],
  ["root", 0o550],
  ["run", 0o755],
  ["srv", 0o755],
  ["sys", 0o755],
  ["tmp", 0o1777],
  ["var/tmp", 0o1777],
  ["var/lib/rpm-state", 0o755],
];

export function prepareForScripts(tree: DirNode, packages: readonly TreeRpm[]): void {
  move(tree, "usr/etc", "etc");
  ensureDirectory(tree, "etc");
  for (const [path, mode] of rootDirectories) {
    if (!lookup(tree, path)) put(tree, path, makeDirectoryNode(directoryMeta(mode)));
  }
  for (const one of packages) makeVariable(tree, one);
  // rpm-ostree's sandbox has the same link, and `rootfs_prepare_links` the others.
  if (lookup(tree, "usr/lib/opt")) put(tree, "opt", makeSymlinkNode("usr/lib/opt"));
  for (const name of ["alternatives", "vagrant"]) {
    if (lookup(tree, `usr/lib/${name}`)) put(tree, `var/lib/${name}`, makeSymlinkNode(`../../usr/lib/${name}`));
  }
}

/** Directories and links that a package has in /var and /run: they are made at boot, but its scripts expect them. */
function makeVariable(tree: DirNode, { head }: TreeRpm): void {
  for (const file of head.table.files) {
    const path = translatePath(file.path.slice(1));
    const type = file.mode & S_IFMT;
    if (isGhost(file) || (type !== S_IFDIR && type !== S_IFLNK)) continue;
    if (placementOf(path, type === S_IFDIR ? "directory" : "symlink") !== "tmpfiles") continue;
    if (type === S_IFLNK) put(tree, path, makeSymlinkNode(file.linkTarget));
    else if (lookup(tree, path)?.kind !== "file") {
      ensureDirectory(tree, path).meta = directoryMeta((file.mode & 0o7777) | 0o200);
    }
  }
}

function directoryMeta(mode: number) {
  return { uid: 0, gid: 0, mode: S_IFDIR | mode, xattrs: [] };
}

/** Programs that would do what a compose does itself, or what only a running machine needs. */
const replaced: readonly string[] = ["usr/bin/kernel-install", "usr/sbin/sss_cache"];
const nothing = "#!/bin/sh\nexit 0\n";

/** Puts them below the overlay; they are not in the tree in memory, and so not in the commit. */
export function replacePrograms(tree: DirNode, { lower }: Workspace): void {
  for (const path of replaced) {
    if (lookup(tree, path)?.kind !== "file") continue;
    rmSync(join(lower, path));
    mkdirSync(dirname(join(lower, path)), { recursive: true });
    writeFileSync(join(lower, path), nothing, { mode: 0o755 });
  }
}

/** What packages have in /run is made at each boot, unless one of their own tmpfiles.d files does it (`deduplicate_tmpfiles_entries`). */
function runLines(tree: DirNode): string[] {
  const known = knownPaths(tree);
  const staged = lookupDirectory(tree, bootDirectory)?.entries.keys() ?? [];
  const lines = [...staged].flatMap((name) => (readText(tree, `${bootDirectory}/${name}`) ?? "").split("\n"));
  const wanted = lines.filter((line) => /^[dL] "?\/run\//.test(line));
  return [...new Set(wanted)].filter((line) => !tmpfilesPaths(line).some((path) => known.has(path))).toSorted();
}

/** Takes away what was there for the scripts only; /opt gets links, which may come to lie in /var/opt. */
export function finishAfterScripts(tree: DirNode, { optUsrlocal }: Pick<Treefile, "optUsrlocal">): void {
  for (const path of ["var/lib/rpm-state", "var/tmp"]) take(tree, path);
  for (const name of lookupDirectory(tree, "run")?.entries.keys() ?? []) take(tree, `run/${name}`);
  const lines = runLines(tree);
  if (lines.length > 0) {
    put(tree, "usr/lib/tmpfiles.d/atomic-autorun.conf", makeFileNode(`${lines.join("\n")}\n`));
  }
  const opt = lookupDirectory(tree, "usr/lib/opt");
  if (!opt) return;
  take(tree, "opt");
  const root = optUsrlocal === "var" ? "../.." : "..";
  for (const name of opt.entries.keys()) put(tree, `opt/${name}`, makeSymlinkNode(`${root}/usr/lib/opt/${name}`));
}
