// SPDX-License-Identifier: Apache-2.0
/** Owners of packages' files by name (rpmostree-core.cxx `apply_rpmfi_overrides`). */
import type { DirNode } from "../../ostree/index.ts";
import { composeError } from "../errors.ts";
import { readAccounts } from "../layout/users.ts";
import { followSymlinks, lookup } from "../tree.ts";
import { isGhost, type TreeRpm } from "./package.ts";
import { pathForScripts } from "./translate.ts";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * What must be owned by others than root.
 * @param tree with the accounts that scriptlets made, /etc being /etc
 * @returns by path relative to the root, as it lies in the tree; what is not there is left out
 */
export function ownersOf(tree: DirNode, packages: readonly TreeRpm[]): Map<string, Owner> {
  const users = numbers(tree, "etc/passwd");
  const groups = numbers(tree, "etc/group");
  const owners = new Map<string, Owner>();
  for (const one of packages) {
    for (const file of one.head.table.files) {
      const path = realPath(tree, pathForScripts(file.path.slice(1)));
      if (path === undefined) continue;
      if (isRoot(file.user) && isRoot(file.group)) {
        // A directory of several packages is owned as the last one says.
        owners.delete(path);
        continue;
      }
      if (isGhost(file) && lookup(tree, path) === undefined) continue;
      const uid = numberOf(users, file.user, "user", one.name, file.path);
      const gid = numberOf(groups, file.group, "group", one.name, file.path);
      if (lookup(tree, path)) owners.set(path, { uid, gid });
    }
  }
  return owners;
}

/** The place of a file whose directory may be a link: /lib64/x. The file itself may be one. */
function realPath(tree: DirNode, path: string): string | undefined {
  const at = path.lastIndexOf("/");
  const parent = followSymlinks(tree, path.slice(0, Math.max(at, 0)));
  if (parent === undefined) return undefined;
  return parent === "" ? path.slice(at + 1) : `${parent}/${path.slice(at + 1)}`;
}

function isRoot(name: string): boolean {
  return name === "" || name === "root";
}

function numbers(tree: DirNode, file: "etc/passwd" | "etc/group"): Map<string, number> {
  return new Map(readAccounts(tree, file).map(({ name, id }) => [name, id]));
}

function numberOf(known: ReadonlyMap<string, number>, name: string, kind: string, owner: string, path: string): number {
  if (isRoot(name)) return 0;
  const id = known.get(name);
  if (id !== undefined) return id;
  throw composeError(
    "unknown-account",
    `${owner}: ${path} belongs to the ${kind} ${name}, which the tree does not have`,
    {
      hint: `a %pre scriptlet or a file in /usr/lib/sysusers.d makes it; systemd makes those of sysusers.d`,
    },
  );
}
