// SPDX-License-Identifier: Apache-2.0
/** What the merge of /etc will do when a version boots, told before it does. */
import { lstatSync } from "node:fs";
import { join } from "node:path";
import type { Checksum, DirTree, Repo } from "../../ostree/index.ts";
import { diffEtc, type EtcChange } from "../diff-etc.ts";
import { type EtcConflict, savedSuffix } from "../merge-etc.ts";
import type { Deployment } from "../model.ts";
import type { Sysroot } from "../sysroot.ts";

export interface EtcForecast {
  /** Of the administrator's changes. */
  readonly modified: number;
  readonly removed: number;
  readonly added: number;
  /** Changed by the administrator and by the new version: the administrator's stays, the new default is not used. */
  readonly overridden: readonly string[];
  /** They have no place in the new version, and are saved beside it. */
  readonly conflicts: readonly EtcConflict[];
}

/** A version's defaults for /etc; paths are relative to it. */
export interface EtcDefaults {
  kind(path: string): "directory" | "other" | undefined;
  /** Whether the default is another than that of the version before. */
  isChanged(path: string): boolean;
}

/** The same rules as `mergeEtc`, on a tree that need not be checked out. */
export function forecastEtc(source: { original: string; modified: string }, defaults: EtcDefaults): EtcForecast {
  const changes = diffEtc(source.original, source.modified);
  const count = (kind: EtcChange["kind"]) => changes.filter((change) => change.kind === kind).length;
  const carried = changes.filter(({ kind }) => kind !== "removed");
  const places = new Map<string, string>();
  for (const change of carried) places.set(change.path, placeFor(source, change, defaults, places));
  const conflicts = [...places].flatMap(([path, savedAs]) => (path === savedAs ? [] : [{ path, savedAs }]));
  const inConflict = new Set(conflicts.map(({ path }) => path));
  const overridden = changes.filter(({ path, kind }) => kind !== "added" || defaults.kind(path) !== undefined);
  return {
    modified: count("modified"),
    removed: count("removed"),
    added: count("added"),
    overridden: overridden
      .filter(({ path, kind }) => !inConflict.has(path) && isOverride(path, kind, defaults))
      .map(({ path }) => path),
    conflicts,
  };
}

/** A file that the version no longer has, and nobody misses, overrides nothing. */
function isOverride(path: string, kind: EtcChange["kind"], defaults: EtcDefaults): boolean {
  return defaults.isChanged(path) && !(kind === "removed" && defaults.kind(path) === undefined);
}

function placeFor(
  { original, modified }: { original: string; modified: string },
  { path }: EtcChange,
  defaults: EtcDefaults,
  places: ReadonlyMap<string, string>,
): string {
  const parents = parentsOf(path);
  // What was carried before is there as the administrator has it: its own place counts, not the default's.
  const moved = parents.find((parent) => places.has(parent) && places.get(parent) !== parent);
  const blocked = moved ?? parents.find((parent) => !places.has(parent) && defaults.kind(parent) === "other");
  if (blocked !== undefined) return `${blocked}${savedSuffix}${path.slice(blocked.length)}`;
  const becomesDirectory = defaults.kind(path) === "directory" && !isDirectory(modified, path);
  return becomesDirectory && !isDirectory(original, path) ? `${path}${savedSuffix}` : path;
}

function parentsOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

function isDirectory(root: string, path: string): boolean {
  return lstatSync(join(root, path), { throwIfNoEntry: false })?.isDirectory() === true;
}

/**
 * What the /etc of a deployment becomes with another commit; undefined when the directories of the commit are not in the
 * repository.
 */
export function forecastDeploymentEtc(sysroot: Sysroot, merge: Deployment, target: Checksum): EtcForecast | undefined {
  const defaults = commitDefaults(sysroot.repo, merge.checksum, target);
  const tree = sysroot.directory(merge);
  if (defaults === undefined) return undefined;
  return forecastEtc({ original: join(tree, "usr/etc"), modified: join(tree, "etc") }, defaults);
}

function commitDefaults(repo: Repo, before: Checksum, after: Checksum): EtcDefaults | undefined {
  const [old, now] = [before, after].map((commit) => listEtc(repo, commit));
  if (old === undefined || now === undefined) return undefined;
  return {
    kind: (path) => (now.has(path) ? (now.get(path)!.startsWith(directoryMark) ? "directory" : "other") : undefined),
    isChanged: (path) => old.get(path) !== now.get(path),
  };
}

const directoryMark = "d ";

/** Every path below usr/etc with the checksum of the file, or of the directory's attributes; undefined when one is missing. */
function listEtc(repo: Repo, commit: Checksum): ReadonlyMap<string, string> | undefined {
  if (!repo.has(commit, "commit")) return undefined;
  const { tree } = repo.loadCommit(commit);
  const root = ["usr", "etc"].reduce<Checksum | undefined>(
    (at, name) => loadTree(repo, at)?.dirs.find((dir) => dir.name === name)?.tree,
    tree,
  );
  const paths = new Map<string, string>();
  return root !== undefined && listDirectory(repo, root, "", paths) ? paths : undefined;
}

function listDirectory(repo: Repo, tree: Checksum, prefix: string, paths: Map<string, string>): boolean {
  const entries = loadTree(repo, tree);
  if (entries === undefined) return false;
  for (const { name, checksum } of entries.files) paths.set(`${prefix}${name}`, checksum);
  return entries.dirs.every((dir) => {
    paths.set(`${prefix}${dir.name}`, `${directoryMark}${dir.meta}`);
    return listDirectory(repo, dir.tree, `${prefix}${dir.name}/`, paths);
  });
}

function loadTree(repo: Repo, tree: Checksum | undefined): DirTree | undefined {
  return tree !== undefined && repo.has(tree, "dirtree") ? repo.loadDirTree(tree) : undefined;
}
