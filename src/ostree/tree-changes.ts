// SPDX-License-Identifier: Apache-2.0
import { ostreeError } from "./errors.ts";
import { type FoundEntry, tryFindInCommit } from "./find-path.ts";
import { type Checksum, type DirTree, directoryDepthLimit } from "./model.ts";
import type { Repo } from "./repo.ts";

/** A path that two commits have differently. A directory is one when its own attributes differ, or it is in one only. */
export interface TreeChange {
  /** Absolute, in the commits. */
  readonly path: string;
  readonly before: FoundEntry | undefined;
  readonly after: FoundEntry | undefined;
}

/**
 * What differs below `top`, parents before children. Of a directory that is in one commit only all is listed; subtrees
 * that are equal are not read.
 */
export function* treeChanges(repo: Repo, from: Checksum, to: Checksum, top = "/"): Generator<TreeChange> {
  const [before, after] = [from, to].map((commit) => tryFindInCommit(repo, commit, top));
  yield* compare(repo, top === "/" ? "" : top, before, after, 0);
}

const empty: DirTree = { files: [], dirs: [] };

function* compare(
  repo: Repo,
  path: string,
  before: FoundEntry | undefined,
  after: FoundEntry | undefined,
  depth: number,
): Generator<TreeChange> {
  if (depth > directoryDepthLimit) throw ostreeError("corrupt-object", `${path}: directories nested too deep`);
  if (!sameEntry(before, after)) yield { path: path === "" ? "/" : path, before, after };
  const [old, young] = [before, after].map((entry) => (entry?.type === "dir" ? entry.tree : undefined));
  if (old === young) return;
  const [was, is] = [old, young].map((tree) => entriesOf(tree === undefined ? empty : repo.loadDirTree(tree)));
  for (const name of new Set([...was!.keys(), ...is!.keys()]))
    yield* compare(repo, `${path}/${name}`, was!.get(name), is!.get(name), depth + 1);
}

/** Whether they are the same, apart from what is in them. */
function sameEntry(a: FoundEntry | undefined, b: FoundEntry | undefined): boolean {
  if (a?.type === "dir" && b?.type === "dir") return a.meta === b.meta;
  return a?.type === "file" && b?.type === "file" ? a.checksum === b.checksum : a === b;
}

function entriesOf({ files, dirs }: DirTree): Map<string, FoundEntry> {
  return new Map([
    ...files.map((file): [string, FoundEntry] => [file.name, { type: "file", ...file }]),
    ...dirs.map((dir): [string, FoundEntry] => [dir.name, { type: "dir", ...dir }]),
  ]);
}
