// SPDX-License-Identifier: Apache-2.0
/**
 * /var belongs to the host: a deployment brings none of it (ostree-prepare-root mounts the stateroot's). What packages
 * have there is made at boot by tmpfiles.d lines; files are copied from /usr/share/factory when missing.
 */
import { formatTmpfilesLine, tmpfilesPaths, type TmpfilesLine } from "../../formats/index.ts";
import type { DirNode, TreeNode } from "../../ostree/index.ts";
import type { FormatLayout } from "../format.ts";
import { isSymlink, lookupDirectory, makeDirectoryNode, makeFileNode, put, readNode, walk } from "../tree.ts";
import { namer, readAccounts } from "./users.ts";

/** Files there are made anew by those who need them, or tell of the compose only. */
const dropped = ["cache", "log", "tmp", "backups", "run", "lock", "lib/apt", "lib/systemd/random-seed"];

/** State of maintainer scripts: kept with the release, of no use to a running host. */
const scriptState =
  /^(lib\/(systemd\/deb-systemd-(user-)?helper-(enabled|masked)|pam|ucf|dpkg|selinux)|cache\/debconf)(\/|$)/;

/** Directories of a package manager that the host has elsewhere or not at all. */
const absent =
  /^(lib\/dpkg|lib\/rpm|lib\/rpm-state|lib\/apt|cache\/apt|lib\/selinux|cache\/debconf)(\/|$)|^(run|lock|tmp)$/;

const factory = "usr/share/factory/var";

/** Empties /var into a file of `usr/lib/tmpfiles.d`. The tree still has `etc`, not `usr/etc`. */
export function emptyVar(
  tree: DirNode,
  { varFiles }: Pick<FormatLayout, "varFiles">,
  file = "atomic-autovar.conf",
): void {
  const variable = lookupDirectory(tree, "var");
  const names = {
    user: namer(readAccounts(tree, "etc/passwd")),
    group: namer(readAccounts(tree, "etc/group")),
  };
  const known = knownPaths(tree);
  const lines: string[] = [];
  for (const [path, node] of variable ? walk(variable) : []) {
    const dropped = varFiles === "dropped" && node.kind === "file" && !isSymlink(node);
    if (node.kind === "file" && !dropped && keepsInFactory(path, node)) put(tree, `${factory}/${path}`, node);
    const line = dropped ? undefined : lineFor(path, node, names);
    if (line && !known.has(line.path)) lines.push(formatTmpfilesLine(line));
  }
  put(tree, "var", makeDirectoryNode());
  if (lines.length === 0) return;
  const text = ["# Made by atomic compose from what the packages have in /var.", ...lines.sort(byPath), ""].join("\n");
  put(tree, `usr/lib/tmpfiles.d/${file}`, makeFileNode(text));
}

function isDropped(path: string): boolean {
  return dropped.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
}

function keepsInFactory(path: string, node: TreeNode): boolean {
  return !isSymlink(node) && (scriptState.test(path) || !isDropped(path));
}

interface Names {
  readonly user: (id: number) => string;
  readonly group: (id: number) => string;
}

function lineFor(path: string, node: TreeNode, { user, group }: Names): TmpfilesLine | undefined {
  if (absent.test(path) || scriptState.test(path)) return undefined;
  const full = `/var/${path}`;
  if (node.kind === "dir") {
    return { type: "d", path: full, mode: node.meta.mode, user: user(node.meta.uid), group: group(node.meta.gid) };
  }
  if (isSymlink(node)) return { type: "L", path: full, argument: node.header.symlink };
  if (isDropped(path)) return undefined;
  const { mode, uid, gid } = node.header;
  return { type: "C", path: full, mode, user: user(uid), group: group(gid), argument: `/${factory}/${path}` };
}

/** Directories must come before what is in them; the second field is the path. */
function byPath(a: string, b: string): number {
  const [x = "", y = ""] = [a.slice(2), b.slice(2)];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** Paths that the packages' own tmpfiles.d files make. */
export function knownPaths(tree: DirNode): Set<string> {
  const known = new Set<string>();
  for (const directory of ["usr/lib/tmpfiles.d", "etc/tmpfiles.d"]) {
    for (const [name, node] of lookupDirectory(tree, directory)?.entries ?? []) {
      if (!name.endsWith(".conf") || node.kind !== "file" || isSymlink(node)) continue;
      for (const path of tmpfilesPaths(readNode(node).toString("utf8"))) known.add(path);
    }
  }
  return known;
}
