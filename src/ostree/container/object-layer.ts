// SPDX-License-Identifier: Apache-2.0
import type { ProgressListener } from "../../base/index.ts";
import { entrySource } from "../archive/entry-source.ts";
import type { OpenArchive } from "../archive/open-archive.ts";
import { encodeDirTree } from "../dirtree-object.ts";
import { ostreeError } from "../errors.ts";
import { encodeCommit, encodeDirMeta } from "../metadata-objects.ts";
import { type Checksum, compareNames, fileType } from "../model.ts";
import type { Repo } from "../repo.ts";
import { type PendingTask, storeTasks } from "../store-tasks.ts";
import type { Transaction } from "../transaction.ts";
import { compareChecksum } from "../verify-object.ts";
import { type LayerObject, LayerReader } from "./layer-reader.ts";

/** Objects in a layer, whose names are held in memory. */
const objectsLimit = 4_000_000;

export interface LayerCommit {
  readonly checksum: Checksum;
  readonly bytes: Buffer;
  /** Detached metadata, with its signatures. */
  readonly detached: Buffer | undefined;
}

export interface ObjectLayer {
  /** Content objects. */
  readonly objects: ReadonlySet<Checksum>;
  /** Of the first layer. */
  readonly commit: LayerCommit | undefined;
}

/** Adds the objects of a layer, each verified, to the transaction; detached metadata is the caller's to add. */
export async function importObjectLayer(
  transaction: Transaction,
  archive: OpenArchive,
  progress: ProgressListener,
): Promise<ObjectLayer> {
  const layer = new LayerImport(transaction, archive.what);
  await storeTasks(transaction.store, layer.tasks(archive), { progress });
  return layer.finish();
}

/** What stands for a layer in the repository: a commit whose files are named by their own checksums (`finish_import_object_set`). */
export function writeObjectSet(transaction: Transaction, objects: ReadonlySet<Checksum>): Checksum {
  const files = [...objects].sort(compareNames).map((checksum) => ({ name: checksum, checksum }));
  const tree = transaction.writeMetadata("dirtree", encodeDirTree({ files, dirs: [] }));
  const owned = { uid: 0, gid: 0, mode: fileType.directory | 0o755, xattrs: [] };
  const meta = transaction.writeMetadata("dirmeta", encodeDirMeta(owned));
  const commit = { metadata: new Map(), subject: "", body: "", timestamp: 0n, tree, meta };
  return transaction.writeMetadata("commit", encodeCommit(commit));
}

/** Whether a commit is one that `writeObjectSet` made; one without files may be. */
export function isObjectSet(repo: Repo, commit: Checksum): boolean {
  const { files, dirs } = repo.loadDirTree(repo.loadCommit(commit).tree);
  return dirs.length === 0 && files.every(({ name, checksum }) => name === checksum);
}

export function isEmptyCommit(repo: Repo, commit: Checksum): boolean {
  const { files, dirs } = repo.loadDirTree(repo.loadCommit(commit).tree);
  return files.length + dirs.length === 0;
}

class LayerImport {
  readonly #transaction: Transaction;
  readonly #what: string;
  readonly #objects = new Set<Checksum>();
  #commit: LayerCommit | undefined;

  constructor(transaction: Transaction, what: string) {
    this.#transaction = transaction;
    this.#what = what;
  }

  *tasks(archive: OpenArchive): Generator<PendingTask> {
    const reader = new LayerReader(this.#what);
    for (const entry of archive.entries()) {
      const object = reader.take(entry);
      if (object?.kind === "file") yield* this.#file(object);
      else if (object?.kind === "metadata") this.#metadata(object);
      else if (object?.kind === "detached") this.#detached(object);
    }
  }

  finish(): ObjectLayer {
    return { objects: this.#objects, commit: this.#commit };
  }

  #metadata({ type, checksum, bytes }: LayerObject & { kind: "metadata" }): void {
    if (type === "commit") {
      if (this.#commit !== undefined) throw this.#bad("two commits");
      this.#commit = { checksum, bytes, detached: undefined };
    }
    this.#transaction.writeMetadata(type, bytes);
  }

  #detached({ checksum, bytes }: LayerObject & { kind: "detached" }): void {
    if (checksum !== this.#commit?.checksum || this.#commit.detached !== undefined)
      throw this.#bad(`detached metadata of ${checksum} does not follow its commit`);
    this.#commit = { ...this.#commit, detached: bytes };
  }

  *#file({ checksum, header, entry }: LayerObject & { kind: "file" }): Generator<PendingTask> {
    if (this.#objects.has(checksum)) throw this.#bad(`${checksum} comes twice`);
    if (this.#objects.size >= objectsLimit) throw this.#bad(`more than ${objectsLimit} objects`);
    this.#objects.add(checksum);
    if (this.#transaction.has(checksum, "file")) return;
    const { source, transfer, remove } = entrySource(this.#transaction.store, entry);
    yield {
      task: { header, source },
      ...(transfer === undefined ? {} : { transfer }),
      done: (result) => {
        remove?.();
        compareChecksum("file", checksum, result.checksum);
        this.#transaction.stats.contentTotal++;
        if (result.written >= 0) this.#transaction.countContent(1, result.written);
      },
    };
  }

  #bad(problem: string) {
    return ostreeError("image-content", `${this.#what}: ${problem}`);
  }
}
