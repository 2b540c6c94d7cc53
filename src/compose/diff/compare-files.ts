// SPDX-License-Identifier: Apache-2.0
import { type Checksum, type DirTree, directoryDepthLimit, ostreeError, type Repo } from "../../ostree/index.ts";

/** A file or link that is only in one of two trees, or another one in each. */
export interface FileDifference {
  readonly kind: "added" | "removed" | "changed";
  /** Absolute. */
  readonly path: string;
  /** Bytes before; 0 for a link. */
  readonly from?: number;
  readonly to?: number;
}

/** Compares the files of two commits. Directories that are equal are not entered; they are not reported themselves. */
export function compareFiles(repo: Repo, from: Checksum, to: Checksum): FileDifference[] {
  const trees = [from, to].map((commit) => repo.loadCommit(commit).tree);
  const found: FileDifference[] = [];
  new Comparison(repo, found).directory(trees[0], trees[1], "", 0);
  return found;
}

const empty: DirTree = { files: [], dirs: [] };

class Comparison {
  readonly #repo: Repo;
  readonly #found: FileDifference[];

  constructor(repo: Repo, found: FileDifference[]) {
    this.#repo = repo;
    this.#found = found;
  }

  directory(from: Checksum | undefined, to: Checksum | undefined, path: string, depth: number): void {
    if (from === to) return;
    if (depth > directoryDepthLimit) throw ostreeError("corrupt-object", `${path}: directories nested too deep`);
    const [before, after] = [from, to].map((tree) => (tree === undefined ? empty : this.#repo.loadDirTree(tree)));
    this.#files(before ?? empty, after ?? empty, path);
    const old = new Map(before?.dirs.map(({ name, tree }) => [name, tree]));
    const young = new Map(after?.dirs.map(({ name, tree }) => [name, tree]));
    for (const name of new Set([...old.keys(), ...young.keys()])) {
      this.directory(old.get(name), young.get(name), `${path}/${name}`, depth + 1);
    }
  }

  #files(before: DirTree, after: DirTree, path: string): void {
    const old = new Map(before.files.map(({ name, checksum }) => [name, checksum]));
    const young = new Map(after.files.map(({ name, checksum }) => [name, checksum]));
    for (const name of new Set([...old.keys(), ...young.keys()])) {
      const [from, to] = [old.get(name), young.get(name)];
      if (from === to) continue;
      this.#found.push({
        kind: from === undefined ? "added" : to === undefined ? "removed" : "changed",
        path: `${path}/${name}`,
        ...(from !== undefined && { from: this.#repo.loadFile(from).size }),
        ...(to !== undefined && { to: this.#repo.loadFile(to).size }),
      });
    }
  }
}
