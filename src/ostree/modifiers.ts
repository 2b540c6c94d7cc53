// SPDX-License-Identifier: Apache-2.0
/** What `ostree commit` can change of files on their way into a commit (OstreeRepoCommitModifier, ot-builtin-commit.c). */
import { fileType } from "./model.ts";
import type { StatOverride } from "./stat-override.ts";
import { type DirNode, findNode } from "./tree.ts";

export interface CommitModifiers {
  /** SELinux label of the file at `path` (`/usr/bin/sh`; `/` for the root), or undefined to keep what it has. */
  label?(path: string, mode: number): string | undefined;
  readonly uid?: number;
  readonly gid?: number;
  /** Owner 0:0, modes cut to 0755, no attributes. */
  readonly canonicalPermissions?: boolean;
  readonly noXattrs?: boolean;
  /** Take the write bits from executable files. */
  readonly modeRoExecutables?: boolean;
}

/**
 * Marks the nodes of `tree` that overrides are for. An `add` is for the first tree that has its path and is taken from the
 * map, so that what is left was met nowhere; a `set` is for every tree (handle_statoverride_line, commit_filter).
 */
export function markOverrides(tree: DirNode, overrides: Map<string, StatOverride>): void {
  for (const [path, override] of overrides) {
    const node = findNode(tree, path);
    if (!node) continue;
    node.override = override;
    if (override.kind === "add") overrides.delete(path);
  }
}

interface Owned {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** Applies the modifiers in stock's order: commit_filter, then the canonical permissions. */
export function changeOwned(owned: Owned, override: StatOverride | undefined, modifiers: CommitModifiers): Owned {
  const uid = modifiers.uid ?? owned.uid;
  const gid = modifiers.gid ?? owned.gid;
  const type = owned.mode & fileType.mask;
  let mode = owned.mode;
  if (modifiers.modeRoExecutables && type === fileType.regular && (mode & 0o111) !== 0) mode &= ~0o222;
  if (override?.kind === "add") mode |= override.mode;
  if (override?.kind === "set") mode = type | override.mode;
  if (!modifiers.canonicalPermissions) return { uid, gid, mode };
  return { uid: 0, gid: 0, mode: type === fileType.symlink ? mode : mode & (type | 0o755) };
}
