// SPDX-License-Identifier: Apache-2.0
import { ChecksumSet } from "./checksum-set.ts";
import { decodeDirTree, visitDirTree } from "./dirtree-object.ts";
import { ostreeError } from "./errors.ts";
import { Inventory } from "./inventory.ts";
import type { Checksum, Commit, DirTree, ObjectType } from "./model.ts";
import type { Repo } from "./repo.ts";

/** An object by checksum and type, as one string that can be in a set. */
export type ObjectKey = `${Checksum}.${ObjectType}`;

export function objectKey(checksum: Checksum, type: ObjectType): ObjectKey {
  return `${checksum}.${type}`;
}

export function splitKey(key: ObjectKey): { checksum: Checksum; type: ObjectType } {
  return { checksum: key.slice(0, 64) as Checksum, type: key.slice(65) as ObjectType };
}

export interface TraverseOptions {
  /** Parents to follow; -1 for all. Default 0. */
  readonly depth?: number;
  /** Commits only, nothing of their trees. */
  readonly commitOnly?: boolean;
  /**
   * Told of a dirtree that cannot be read, instead of the error being thrown; the tree counts as reached. One that is
   * missing from a partial commit is no error, and not reached, unless `partialToo`.
   */
  readonly onUnreadable?: (error: unknown) => void;
  /** Partial commits must have all of their trees as any other. */
  readonly partialToo?: boolean;
}

export type ReachableType = "commit" | "dirtree" | "dirmeta" | "file";

/** In the order in which they must be deleted: a commit that is cut short must not stay. */
export const reachableTypes: readonly ReachableType[] = ["commit", "dirtree", "dirmeta", "file"];

function isReachableType(type: ObjectType): type is ReachableType {
  return (reachableTypes as readonly ObjectType[]).includes(type);
}

/**
 * Gathers what commits reach. Trees that commits share are walked once, so that long histories are cheap
 * (ostree_repo_traverse_commit_with_flags).
 */
export class Reachable {
  readonly objects: Readonly<Record<ReachableType, ChecksumSet>> = {
    commit: new ChecksumSet(),
    dirtree: new ChecksumSet(),
    dirmeta: new ChecksumSet(),
    file: new ChecksumSet(),
  };
  readonly #repo: Repo;
  readonly #options: TraverseOptions;
  /** Commit -> how deep its parents were followed. */
  readonly #depths = new Map<Checksum, number>();

  constructor(repo: Repo, options: TraverseOptions = {}) {
    this.#repo = repo;
    this.#options = options;
  }

  /** Adds a commit with its parents. A missing commit ends its line: histories are often pulled in part. */
  addCommit(commit: Checksum, depth = this.#options.depth ?? 0): void {
    let left = depth < 0 ? Number.POSITIVE_INFINITY : depth;
    for (let next: Checksum | undefined = commit; next !== undefined && left >= 0; left--) {
      const before = this.#depths.get(next);
      if (before !== undefined && before >= left) return;
      this.#depths.set(next, left);
      if (!this.#repo.holds(next, "commit")) return;
      const content: Commit = this.#repo.loadCommit(next);
      if (before === undefined) this.#addTree(next, content);
      next = content.parent;
    }
  }

  /** Of a type that commits do not refer to, nothing is reachable. */
  has(checksum: Checksum, type: ObjectType): boolean {
    return isReachableType(type) && this.objects[type].has(checksum);
  }

  get size(): number {
    return reachableTypes.reduce((sum, type) => sum + this.objects[type].size, 0);
  }

  #addTree(checksum: Checksum, commit: Commit): void {
    const { objects } = this;
    objects.commit.add(checksum);
    if (this.#options.commitOnly) return;
    const partial = !this.#options.partialToo && this.#repo.isPartial(checksum);
    objects.dirmeta.add(commit.meta);
    const waiting = [commit.tree];
    for (let tree = waiting.pop(); tree !== undefined; tree = waiting.pop()) {
      if (!objects.dirtree.has(tree) && this.#addEntries(tree, partial, waiting)) objects.dirtree.add(tree);
    }
  }

  /** @returns false for a tree of a partial commit that is missing: another commit that is complete may share it */
  #addEntries(tree: Checksum, partial: boolean, waiting: Checksum[]): boolean {
    try {
      this.#visitEntries(tree, waiting);
    } catch (error) {
      if (partial && ostreeError.is(error, "no-such-object")) return false;
      if (!this.#options.onUnreadable) throw error;
      this.#options.onUnreadable(error);
    }
    return true;
  }

  #visitEntries(tree: Checksum, waiting: Checksum[]): void {
    const { file, dirtree, dirmeta } = this.objects;
    const bytes = this.#repo.loadMetadata(tree, "dirtree");
    // Nothing of a damaged one counts, so that all of it is looked at first.
    const [files, dirs]: [number[], number[]] = [[], []];
    const visitor = {
      file: (_: string, at: number) => files.push(at),
      directory: (_: string, at: number) => dirs.push(at),
    };
    if (!visitDirTree(bytes, `dirtree ${tree}`, visitor))
      return this.#addUnusual(decodeDirTree(bytes, `dirtree ${tree}`), waiting);
    for (const at of files) file.addBytes(bytes, at);
    for (const at of dirs) {
      if (!dirtree.hasBytes(bytes, at)) waiting.push(bytes.toString("hex", at, at + 32) as Checksum);
      dirmeta.addBytes(bytes, at + 32);
    }
  }

  #addUnusual({ files, dirs }: DirTree, waiting: Checksum[]): void {
    for (const { checksum } of files) this.objects.file.add(checksum);
    for (const { tree, meta } of dirs) {
      waiting.push(tree);
      this.objects.dirmeta.add(meta);
    }
  }
}

/** All commit objects of a repository, sorted. */
export function listCommits(repo: Repo): Checksum[] {
  return [...Inventory.read(repo, (name) => name.endsWith(".commit")).of("commit")].sort();
}
