// SPDX-License-Identifier: Apache-2.0
/** Brings single paths of a directory to what a commit has for them; doing it again changes nothing. */
import { chmodSync, lchownSync, mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { lstatIfExists, removeTree, setXattr } from "../../base/index.ts";
import { FileCheckout, type FoundEntry, type Labeler, type Repo, type TreeChange } from "../../ostree/index.ts";

export class Place {
  readonly #repo: Repo;
  readonly #files: FileCheckout;
  readonly #labeler: Labeler | undefined;
  readonly root: string;

  /**
   * @param root the directory of the machine
   * @param labeler gives labels by the path below `root`; without, files get those that the commit has
   */
  constructor(repo: Repo, root: string, labeler?: Labeler) {
    this.#repo = repo;
    this.root = root;
    this.#labeler = labeler;
    // Copies: a hard link would let a writer into the repository's object, and there are none across file systems.
    this.#files = new FileCheckout(repo, { union: "overwrite", copy: true });
  }

  /** @param path relative to the root; its parent is a directory */
  async put(path: string, entry: FoundEntry): Promise<void> {
    const target = join(this.root, path);
    const there = lstatIfExists(target);
    if (there !== undefined && there.isDirectory() !== (entry.type === "dir")) removeTree(target);
    if (entry.type === "dir") this.#putDirectory(target, entry.meta, there?.isDirectory() === true);
    else await this.#files.write(entry.checksum, dirname(target), basename(target), "");
    this.#label(path, entry);
  }

  #putDirectory(target: string, meta: Extract<FoundEntry, { type: "dir" }>["meta"], exists: boolean): void {
    const { uid, gid, mode, xattrs } = this.#repo.loadDirMeta(meta);
    if (!exists) mkdirSync(target, 0o700);
    for (const { name, value } of xattrs) setXattr(target, name, value);
    lchownSync(target, uid, gid);
    chmodSync(target, mode & 0o7777);
  }

  #label(path: string, entry: FoundEntry): void {
    if (this.#labeler === undefined) return;
    const { mode } = entry.type === "dir" ? this.#repo.loadDirMeta(entry.meta) : this.#repo.loadHeader(entry.checksum);
    const label = this.#labeler(`/${path}`, mode);
    if (label !== undefined) setXattr(join(this.root, path), "security.selinux", Buffer.from(`${label}\0`));
  }

  remove(path: string): void {
    removeTree(join(this.root, path));
  }
}

/** Brings a directory from one commit to another (`apply_diff`). Of what is removed or replaced, all in it goes too. */
export async function applyChanges(place: Place, changes: readonly TreeChange[], top: string): Promise<void> {
  let gone = "";
  for (const { path, after } of changes) {
    if (gone !== "" && after === undefined && path.startsWith(`${gone}/`)) continue;
    const inner = path.slice(top.length + 1);
    // The top itself is where the overlay is mounted.
    if (inner === "") continue;
    if (after === undefined) place.remove(inner);
    else await place.put(inner, after);
    if (after?.type !== "dir") gone = path;
  }
}
