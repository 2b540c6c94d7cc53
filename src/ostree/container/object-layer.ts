// SPDX-License-Identifier: Apache-2.0
/**
 * Layers that hold objects of a commit below `sysroot/ostree/repo`, as a repository of mode bare-split-xattrs has them
 * (ostree-rs-ext, tar/import.rs). The same files stand in such a layer at their own paths, as hard links; they are passed over.
 */
import { hash } from "node:crypto";
import { type ProgressListener, type Xattr } from "../../base/index.ts";
import { readGVariant, type TarEntry } from "../../formats/index.ts";
import { entrySource } from "../archive/entry-source.ts";
import type { OpenArchive } from "../archive/open-archive.ts";
import { encodeDirTree } from "../dirtree-object.ts";
import { ostreeError } from "../errors.ts";
import { checkXattrOrder, xattrsFromVariant } from "../file-object.ts";
import { encodeCommit, encodeDirMeta } from "../metadata-objects.ts";
import { asChecksum, type Checksum, compareNames, type FileHeader, fileType } from "../model.ts";
import { type PendingTask, storeTasks } from "../store-tasks.ts";
import type { Transaction } from "../transaction.ts";
import { checkForm, compareChecksum } from "../verify-object.ts";

export const repositoryPath = "sysroot/ostree/repo/";

/** libostree's own limit was this for long (OSTREE_MAX_METADATA_SIZE); ostree-rs-ext has it still. */
const metadataObjectLimit = 10 << 20;
/** Attributes of one file; file systems hold far less. */
const xattrsLimit = 1 << 20;
/** Different attribute lists in a layer; each is held in memory. */
const xattrListsLimit = 100_000;
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

/** Adds the objects of a layer, each verified, to the transaction. */
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

class LayerImport {
  readonly #transaction: Transaction;
  readonly #what: string;
  readonly #objects = new Set<Checksum>();
  /** Attribute lists by the checksum of their bytes: many files have the same. */
  readonly #lists = new Map<string, readonly Xattr[]>();
  /** Of the content object that must come next. */
  #next: { readonly checksum: Checksum; readonly list: string } | undefined;
  #commit: { checksum: Checksum; bytes: Buffer } | undefined;
  #detached: Buffer | undefined;

  constructor(transaction: Transaction, what: string) {
    this.#transaction = transaction;
    this.#what = what;
  }

  *tasks(archive: OpenArchive): Generator<PendingTask> {
    for (const entry of archive.entries()) {
      if (entry.type === "directory" || !entry.path.startsWith(repositoryPath)) continue;
      const path = entry.path.slice(repositoryPath.length);
      const [, object] = /^objects\/(.*)$/.exec(path) ?? [];
      if (object !== undefined) yield* this.#object(entry, object);
      // Version 0 of the format had the lists in a directory of their own.
      else if (path.startsWith("xattrs/")) this.#list(entry, path.slice("xattrs/".length));
    }
  }

  finish(): ObjectLayer {
    const commit = this.#commit && { ...this.#commit, detached: this.#detached };
    return { objects: this.#objects, commit };
  }

  *#object(entry: TarEntry, name: string): Generator<PendingTask> {
    const [, prefix, rest, type] = /^([0-9a-f]{2})\/([0-9a-f]{62})\.([a-z.-]+)$/.exec(name) ?? [];
    if (prefix === undefined || rest === undefined) throw this.#bad(`${name} is no object`);
    const checksum = asChecksum(prefix + rest);
    if (type === "file") yield* this.#file(entry, checksum);
    else if (type === "dirtree" || type === "dirmeta") this.#metadata(entry, checksum, type);
    else if (type === "commit") this.#takeCommit(entry, checksum);
    else if (type === "commitmeta") this.#takeDetached(entry, checksum);
    else if (type === "file-xattrs") this.#list(entry, checksum);
    else if (type === "file-xattrs-link" || type === "file.xattrs") this.#link(entry, checksum);
    else throw this.#bad(`${name} is of no type that is known`);
  }

  #metadata(entry: TarEntry, checksum: Checksum, type: "dirtree" | "dirmeta" | "commit"): Buffer {
    if (entry.type !== "file") throw this.#bad(`${checksum}.${type} is no file`);
    const bytes = entry.content(metadataObjectLimit);
    checkForm(type, checksum, bytes);
    compareChecksum(type, checksum, this.#transaction.writeMetadata(type, bytes));
    return bytes;
  }

  #takeCommit(entry: TarEntry, checksum: Checksum): void {
    if (this.#commit !== undefined) throw this.#bad("two commits");
    this.#commit = { checksum, bytes: this.#metadata(entry, checksum, "commit") };
  }

  /** Written when it is clear that the commit is wanted. */
  #takeDetached(entry: TarEntry, checksum: Checksum): void {
    if (checksum !== this.#commit?.checksum || this.#detached !== undefined)
      throw this.#bad(`detached metadata of ${checksum} does not follow its commit`);
    this.#detached = entry.content(metadataObjectLimit);
    readGVariant("a{sv}", this.#detached, `${checksum}.commitmeta`);
  }

  /** @returns the checksum by which it is known */
  #list(entry: TarEntry, expected?: string): string {
    if (entry.type !== "file") throw this.#bad("a list of attributes that is no file");
    const bytes = entry.content(xattrsLimit);
    const sum = hash("sha256", bytes, "hex");
    if (expected !== undefined && sum !== expected)
      throw this.#bad(`attributes ${expected} are not what they are named`);
    if (this.#lists.has(sum)) return sum;
    if (this.#lists.size >= xattrListsLimit) throw this.#bad(`more than ${xattrListsLimit} lists of attributes`);
    const what = `${this.#what}: attributes ${sum}`;
    const xattrs = xattrsFromVariant(readGVariant("a(ayay)", bytes, what), what);
    checkXattrOrder(xattrs, what);
    this.#lists.set(sum, xattrs);
    return sum;
  }

  /** Which attributes the next object has: the list itself, or a hard link to one before. */
  #link(entry: TarEntry, checksum: Checksum): void {
    if (this.#next !== undefined) throw this.#bad(`attributes of ${this.#next.checksum} without the file`);
    const list = entry.type === "hardlink" ? listName(entry.target) : this.#list(entry);
    this.#next = { checksum, list };
  }

  *#file(entry: TarEntry, checksum: Checksum): Generator<PendingTask> {
    const next = this.#next;
    this.#next = undefined;
    const xattrs = next?.checksum === checksum ? this.#lists.get(next.list) : undefined;
    if (xattrs === undefined) throw this.#bad(`the attributes of ${checksum} do not come before it`);
    if (this.#objects.has(checksum)) throw this.#bad(`${checksum} comes twice`);
    if (this.#objects.size >= objectsLimit) throw this.#bad(`more than ${objectsLimit} objects`);
    this.#objects.add(checksum);
    if (this.#transaction.has(checksum, "file")) return;
    const header = this.#header(entry, checksum, xattrs);
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

  #header({ type, uid, gid, mode, target }: TarEntry, checksum: Checksum, xattrs: readonly Xattr[]): FileHeader {
    if (type === "symlink") return { uid, gid, mode: fileType.symlink | 0o777, symlink: target, xattrs };
    if (type === "file") return { uid, gid, mode: fileType.regular | mode, symlink: "", xattrs };
    throw this.#bad(`${checksum} is neither file nor symbolic link`);
  }

  #bad(problem: string) {
    return ostreeError("image-content", `${this.#what}: ${problem}`);
  }
}

/** Version 1 links to `objects/xx/yyy.file-xattrs`, version 0 to `xattrs/CHECKSUM`. */
function listName(target: string): string {
  const [, prefix = "", rest = ""] = /\/([0-9a-f]{2})\/([0-9a-f]{62})\.file-xattrs$/.exec(target) ?? [];
  return prefix === "" ? (target.split("/").at(-1) ?? "") : prefix + rest;
}
