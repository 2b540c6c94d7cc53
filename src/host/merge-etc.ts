// SPDX-License-Identifier: Apache-2.0
/**
 * The three-way merge of /etc: what the administrator changed against the version that the machine ran
 * (`original` = its usr/etc, `modified` = its etc) is carried onto the new version's defaults (`target`, a fresh copy of
 * the new usr/etc). The administrator's version wins, file by file; contents are never mixed
 * (libostree `merge_configuration_from`). Symlinks are never followed.
 *
 * Where libostree gives up (and the update with it), this keeps the new default in place and the administrator's version
 * beside it as `NAME.atomic-save`: a path that the new version ships as a directory, or inside one that it ships as
 * something else. A directory whose owner or mode alone was changed keeps that change, which libostree drops.
 */
import { lstatSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { copyAttributes, copyFile, type CopyOptions, copyTree, lstatIfExists, removeTree } from "../base/index.ts";
import { diffEtc, type EtcChange } from "./diff-etc.ts";
import { hostError } from "./errors.ts";

export interface EtcMergeSource {
  readonly original: string;
  readonly modified: string;
  readonly target: string;
}

export interface EtcConflict {
  readonly path: string;
  /** Where the administrator's version is now, relative to /etc. */
  readonly savedAs: string;
}

export interface EtcMerge {
  readonly modified: number;
  readonly removed: number;
  readonly added: number;
  readonly conflicts: readonly EtcConflict[];
  /** Paths that were carried over or removed. */
  readonly paths: readonly string[];
}

export interface EtcMergeOptions {
  /** What becomes of a conflict: saved beside, or the merge given up with `host-etc-conflict`, as libostree does. */
  readonly conflicts?: "save" | "refuse";
  /** Leave extended attributes behind. */
  readonly withoutXattrs?: boolean;
  /** Told what will be carried over, before it is. */
  readonly onChanges?: (changes: Pick<EtcMerge, EtcChange["kind"]>) => void;
}

export const savedSuffix = ".atomic-save";

/** Carries the changes from `original` to `modified` onto `target`. */
export function mergeEtc(source: EtcMergeSource, options: EtcMergeOptions = {}): EtcMerge {
  const changes = diffEtc(source.original, source.modified);
  const count = (kind: EtcChange["kind"]) => changes.filter((change) => change.kind === kind).length;
  const counts = { modified: count("modified"), removed: count("removed"), added: count("added") };
  options.onChanges?.(counts);
  const conflicts: EtcConflict[] = [];
  for (const change of changes.filter(({ kind }) => kind === "removed")) remove(source, change.path);
  for (const change of changes.filter(({ kind }) => kind !== "removed")) {
    const savedAs = carry(source, change, options);
    if (savedAs !== undefined) conflicts.push({ path: change.path, savedAs });
  }
  return { ...counts, conflicts, paths: changes.map(({ path }) => path) };
}

function remove({ target }: EtcMergeSource, path: string): void {
  if (blockingParent(target, path) === undefined) removeTree(join(target, path));
}

/** Carries one change; the name under which it was saved when it could not take its own place. */
function carry(source: EtcMergeSource, change: EtcChange, options: EtcMergeOptions): string | undefined {
  const path = placeFor(source, change);
  if (path !== change.path && options.conflicts === "refuse") {
    throw hostError("etc-conflict", conflictText(source, change.path));
  }
  const [from, to] = [join(source.modified, change.path), join(source.target, path)];
  const stat = lstatIfExists(from);
  // The administrator's directory may be in use: a file that has gone since it was listed is no change.
  if (stat === undefined) return undefined;
  makeParents(source, change.path, path, options);
  if (stat.isDirectory()) carryDirectory(from, to, change, options);
  else {
    removeTree(to);
    copyFile(from, to, options);
  }
  return path === change.path ? undefined : path;
}

function conflictText({ target }: EtcMergeSource, path: string): string {
  const parent = blockingParent(target, path);
  return parent === undefined
    ? `During /etc merge: Modified config file newly defaults to directory '${path}', cannot merge`
    : `During /etc merge: Parent directory of modified config file '${path}' is no directory any more: '${parent}'`;
}

function carryDirectory(from: string, to: string, change: EtcChange, options: CopyOptions): void {
  const there = lstatIfExists(to);
  if (change.retyped) {
    removeTree(to);
    copyTree(from, to, options);
  } else if (there?.isDirectory() === true) copyAttributes(from, lstatSync(from), to, options);
  else if (change.kind === "added") {
    if (there !== undefined) removeTree(to);
    mkdirSync(to, 0o700);
    copyAttributes(from, lstatSync(from), to, options);
  }
  // Else only its attributes were changed, and the new version has no such directory any more.
}

/** The path itself, or the one beside it when the new version has something there that must stay. */
function placeFor({ original, modified, target }: EtcMergeSource, change: EtcChange): string {
  const blocked = blockingParent(target, change.path);
  if (blocked !== undefined) return `${blocked}${savedSuffix}${change.path.slice(blocked.length)}`;
  const isDirectory = (root: string) => lstatIfExists(join(root, change.path))?.isDirectory() === true;
  const newDirectory = isDirectory(target) && !isDirectory(modified) && !isDirectory(original);
  return newDirectory ? `${change.path}${savedSuffix}` : change.path;
}

/** The first parent of `path` that is in `root` but is no directory. */
function blockingParent(root: string, path: string): string | undefined {
  const parts = path.split("/").slice(0, -1);
  const parents = parts.map((_, index) => parts.slice(0, index + 1).join("/"));
  return parents.find((parent) => lstatIfExists(join(root, parent))?.isDirectory() === false);
}

/** Makes the missing directories above `to`, each with the attributes of the one in the administrator's tree. */
function makeParents(source: EtcMergeSource, from: string, to: string, options: CopyOptions): void {
  const [fromParent, toParent] = [dirname(from), dirname(to)];
  if (toParent === "." || lstatIfExists(join(source.target, toParent)) !== undefined) return;
  makeParents(source, fromParent, toParent, options);
  const template = join(source.modified, fromParent);
  mkdirSync(join(source.target, toParent), 0o700);
  copyAttributes(template, lstatSync(template), join(source.target, toParent), options);
}
