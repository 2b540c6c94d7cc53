// SPDX-License-Identifier: Apache-2.0
import { decodeDirTree } from "../dirtree-object.ts";
import { ostreeError } from "../errors.ts";
import { readStored } from "../get-object.ts";
import { decodeCommit } from "../metadata-objects.ts";
import { type Checksum, directoryDepthLimit, type DirTree, type ObjectType } from "../model.ts";
import type { Repo } from "../repo.ts";
import { storeHas, type Store } from "../store-content.ts";
import type { Superblock } from "./format.ts";

/**
 * Checks that everything is here that the commit of a delta refers to. libostree believes the delta; one that leaves
 * something out, by mistake or by malice, would leave a commit that looks whole and is not. Directories that the commit
 * it starts from has too are not looked into, so that the cost goes with the change.
 */
export function checkComplete(repo: Repo, store: Store, { from, to, commit }: Superblock): void {
  const { tree, meta } = decodeCommit(commit, `commit ${to}`);
  const old = from === undefined ? undefined : repo.loadCommit(from).tree;
  const check = new CompletenessCheck(repo, store);
  check.require(meta, "dirmeta");
  check.directory(tree, old, 0);
}

class CompletenessCheck {
  readonly #repo: Repo;
  readonly #store: Store;
  /** Directories looked at; one that is at several places is compared at the first. */
  readonly #seen = new Set<Checksum>();

  constructor(repo: Repo, store: Store) {
    this.#repo = repo;
    this.#store = store;
  }

  require(checksum: Checksum, type: ObjectType): void {
    if (storeHas(this.#store, checksum, type)) return;
    throw ostreeError("corrupt-delta", `The static delta does not bring the ${type} object ${checksum}`, {
      hint: "--disable-static-deltas  fetches the objects one by one",
    });
  }

  /** @param old directory at the same place in the commit that the delta starts from */
  directory(checksum: Checksum, old: Checksum | undefined, depth: number): void {
    if (checksum === old || this.#seen.has(checksum)) return;
    this.#seen.add(checksum);
    if (depth > directoryDepthLimit) throw ostreeError("corrupt-object", `dirtree ${checksum}: nested too deep`);
    this.require(checksum, "dirtree");
    const tree = decodeDirTree(readStored(this.#store, checksum, "dirtree"), `dirtree ${checksum}`);
    const before = old === undefined ? undefined : this.#repo.loadDirTree(old);
    this.#files(tree, before);
    const oldDirs = new Map(before?.dirs.map((entry) => [entry.name, entry]));
    for (const { name, tree: inner, meta } of tree.dirs) {
      const was = oldDirs.get(name);
      if (was?.meta !== meta) this.require(meta, "dirmeta");
      this.directory(inner, was?.tree, depth + 1);
    }
  }

  #files(tree: DirTree, before: DirTree | undefined): void {
    const old = new Set(before?.files.map(({ checksum }) => checksum));
    for (const { checksum } of tree.files) if (!old.has(checksum)) this.require(checksum, "file");
  }
}
