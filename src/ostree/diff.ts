// SPDX-License-Identifier: Apache-2.0
/** Differences of two trees (ostree-diff.c): commits of a repository or directories on the disk. */
import { lstatSync, readdirSync, type Stats } from "node:fs";
import { lstatIfExists } from "../base/index.ts";
import { checksumDiskFile } from "./checksum-file.ts";
import { ostreeError } from "./errors.ts";
import { findInCommit, type FoundEntry } from "./find-path.ts";
import type { Checksum } from "./model.ts";
import type { Repo } from "./repo.ts";

export interface Difference {
  readonly kind: "modified" | "removed" | "added";
  /** Absolute, from the root of the trees. Of a removed directory the content is not listed, of an added one it is. */
  readonly path: string;
}

/** One side: a revision of a repository, or a directory. */
export type DiffSide = { readonly repo: Repo; readonly rev: string } | { readonly directory: string };

export interface DiffOptions {
  /** As if the files on the disk had these owners. */
  readonly uid?: number;
  readonly gid?: number;
  readonly xattrs?: boolean;
}

export function diffTrees(from: DiffSide, to: DiffSide, options: DiffOptions = {}): Difference[] {
  const xattrs = (options.xattrs ?? true) && keepsXattrs(from) && keepsXattrs(to);
  const settings = { ...options, xattrs };
  const found: Difference[] = [];
  compare(rootOf(from, settings), rootOf(to, settings), "", found);
  const order = { modified: 0, removed: 1, added: 2 };
  return found.sort((a, b) => order[a.kind] - order[b.kind]);
}

/** Attributes count only if both sides can have them. */
function keepsXattrs(side: DiffSide): boolean {
  return !("repo" in side) || (side.repo.mode !== "bare-user-only" && !side.repo.settings.disableXattrs);
}

/** A node of either kind of tree. */
interface Node {
  readonly kind: "file" | "symlink" | "dir";
  /** For a directory of a commit, its dirtree: equal ones need not be entered. */
  readonly tree?: Checksum;
  checksum(): Checksum;
  children(): Map<string, Node>;
}

function rootOf(side: DiffSide, options: DiffOptions): Node {
  if ("repo" in side) return commitNode(side.repo, findInCommit(side.repo, side.repo.resolve(side.rev), "/"));
  if (lstatIfExists(side.directory)?.isDirectory() !== true) {
    throw ostreeError("not-a-directory", `${side.directory} is no directory`);
  }
  return diskNode(side.directory, lstatSync(side.directory), options);
}

function commitNode(repo: Repo, entry: FoundEntry): Node {
  if (entry.type === "dir") {
    const children = () => {
      const { files, dirs } = repo.loadDirTree(entry.tree);
      const entries = [
        ...files.map((file) => ({ type: "file", ...file }) as const),
        ...dirs.map((dir) => ({ type: "dir", ...dir }) as const),
      ];
      return new Map(entries.map((child) => [child.name, commitNode(repo, child)]));
    };
    return { kind: "dir", tree: entry.tree, checksum: () => entry.meta, children };
  }
  const kind = repo.loadHeader(entry.checksum).symlink === "" ? "file" : "symlink";
  return { kind, checksum: () => entry.checksum, children: () => new Map() };
}

function diskNode(path: string, stat: Stats, options: DiffOptions): Node {
  const kind = stat.isDirectory() ? "dir" : stat.isSymbolicLink() ? "symlink" : "file";
  const checksum = () => {
    if (options.uid !== undefined) stat.uid = options.uid;
    if (options.gid !== undefined) stat.gid = options.gid;
    return checksumDiskFile(path, stat, { xattrs: options.xattrs ?? true });
  };
  const children = () => {
    const names = kind === "dir" ? readdirSync(path).sort() : [];
    return new Map(names.map((name) => [name, diskNode(`${path}/${name}`, lstatSync(`${path}/${name}`), options)]));
  };
  return { kind, checksum, children };
}

function compare(from: Node, to: Node, path: string, found: Difference[]): void {
  if (from.tree !== undefined && from.tree === to.tree) return;
  const after = to.children();
  for (const [name, old] of from.children()) {
    const child = `${path}/${name}`;
    const now = after.get(name);
    if (!now) found.push({ kind: "removed", path: child });
    else if (old.kind !== now.kind || old.checksum() !== now.checksum()) found.push({ kind: "modified", path: child });
    if (old.kind === "dir" && now?.kind === "dir") compare(old, now, child, found);
    after.delete(name);
  }
  for (const [name, now] of after) addAll(now, `${path}/${name}`, found);
}

function addAll(node: Node, path: string, found: Difference[]): void {
  found.push({ kind: "added", path });
  for (const [name, child] of node.children()) addAll(child, `${path}/${name}`, found);
}
