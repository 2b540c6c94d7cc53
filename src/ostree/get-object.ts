// SPDX-License-Identifier: Apache-2.0
/** What the workers of a pull do: bring objects, each verified, into the transaction. Tasks and results are plain data. */
import { linkSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { threadId } from "node:worker_threads";
import { AtomicError, isErrno, lstatIfExists } from "../base/index.ts";
import { ostreeError } from "./errors.ts";
import { MirroredClient } from "./http/mirrors.ts";
import { loadContent } from "./load-content.ts";
import { decodeDirTree } from "./dirtree-object.ts";
import type { Body } from "./http/response.ts";
import {
  type Checksum,
  type FileHeader,
  isSymlinkMode,
  metadataLimit,
  type ObjectType,
  type RepoMode,
} from "./model.ts";
import { looseExists, loosePath } from "./object-path.ts";
import type { ObjectSource } from "./pull-source.ts";
import { readSmall } from "./read-small.ts";
import { repositoryHas, storeHas, type Store } from "./store-content.ts";
import { archiveLimit, fileWriter, IncomingStore } from "./store-fetched.ts";
import { type ObjectKey, splitKey } from "./traverse.ts";
import { memoryLimit, verifyObject } from "./verify-object.ts";

interface NearRepo {
  readonly path: string;
  readonly mode: RepoMode;
}

/** What each worker is told at its start. */
export interface PullData {
  readonly store: Store;
  readonly source: ObjectSource;
  /** Repositories on this machine that are looked into first. */
  readonly caches: readonly NearRepo[];
  /** Parents of the repository: files that they have are not brought. Directories are, so that the tree can be walked. */
  readonly parents: readonly NearRepo[];
  /** Take objects of local repositories without hashing them, by hard link where possible. */
  readonly trusted: boolean;
  /** Refuse files with modes that a bare-user-only repository must not have. */
  readonly userOnlyFiles: boolean;
  /** Keep what a server sends for an archive repository without hashing it (`--http-trusted`). */
  readonly unverified: boolean;
}

export interface PullBatch {
  readonly objects: readonly ObjectKey[];
  /** Tell the names of directory entries as well. */
  readonly names: boolean;
}

/** What a dirtree refers to: checksums one after the other, as long strings are cheap to send. */
export interface TreeEntries {
  readonly tree: Checksum;
  /** 64 digits each. */
  readonly files: string;
  /** Dirtree and dirmeta, 128 digits each. */
  readonly dirs: string;
  readonly fileNames?: readonly string[];
  readonly dirNames?: readonly string[];
}

export interface PullResult {
  readonly trees: readonly TreeEntries[];
  readonly fetchedMetadata: number;
  readonly fetchedContent: number;
  readonly importedMetadata: number;
  readonly importedContent: number;
  /** Bytes of content written. */
  readonly written: number;
  /** Bytes that came over the network since the last batch. */
  readonly transferred: number;
}

/** A metadata object is never larger (OSTREE_MAX_METADATA_SIZE). */
export const metadataFetchLimit = metadataLimit;

export const noObjects: Omit<PullResult, "trees"> = {
  fetchedMetadata: 0,
  fetchedContent: 0,
  importedMetadata: 0,
  importedContent: 0,
  written: 0,
  transferred: 0,
};

type Counts = { -readonly [Key in Exclude<keyof PullResult, "trees">]: number } & { trees: TreeEntries[] };

export class ObjectGetter {
  readonly #data: PullData;
  #store: IncomingStore | undefined;
  readonly #client: MirroredClient | undefined;
  #transferred = 0;

  constructor(data: PullData) {
    this.#data = data;
    if (data.source.type === "http") this.#client = new MirroredClient(data.source.servers);
  }

  /** Made with the first object: a thread that starts late must not make a directory where the transaction has ended. */
  get #incoming(): IncomingStore {
    return (this.#store ??= new IncomingStore(this.#data.store, `incoming-${process.pid}-${threadId}`));
  }

  async run({ objects, names }: PullBatch): Promise<PullResult> {
    const counts: Counts = { ...noObjects, trees: [] };
    await Promise.all(objects.map((key) => this.#get(key, names, counts)));
    const total = this.#client?.transferred ?? 0;
    counts.transferred = total - this.#transferred;
    this.#transferred = total;
    return counts;
  }

  async #get(key: ObjectKey, names: boolean, counts: Counts): Promise<void> {
    const { checksum, type } = splitKey(key);
    if (!this.#has(checksum, type)) await this.#bring(checksum, type, counts);
    if (type === "dirtree") counts.trees.push(entriesOf(checksum, readStored(this.#data.store, checksum, type), names));
  }

  /** No object is asked for twice, so that what this pull wrote need not be looked for. */
  #has(checksum: Checksum, type: ObjectType): boolean {
    const { store, parents } = this.#data;
    if (store.fresh ? repositoryHas(store, checksum, type) : storeHas(store, checksum, type)) return true;
    return type === "file" && findNear(parents, checksum, type) !== undefined;
  }

  async #bring(checksum: Checksum, type: ObjectType, counts: Counts): Promise<void> {
    const { source, caches } = this.#data;
    const near = findNear([...caches, ...(source.type === "local" ? [source] : [])], checksum, type);
    if (near) {
      await this.#import(`${near.path}/objects/${loosePath(checksum, type, near.mode)}`, checksum, type, near.mode);
      counts[type === "file" ? "importedContent" : "importedMetadata"]++;
    } else if (source.type === "local") {
      throw ostreeError("no-such-object", `${source.path}: no such ${type} object ${checksum}`);
    } else {
      const written = await this.#fetch(checksum, type);
      counts.written += written;
      counts[type === "file" ? "fetchedContent" : "fetchedMetadata"]++;
    }
  }

  async #fetch(checksum: Checksum, type: ObjectType): Promise<number> {
    const client = this.#client!;
    const name = `objects/${loosePath(checksum, type, "archive")}`;
    const spill = () => this.#incoming.partial(checksum);
    const resume = this.#incoming.begun(checksum);
    const options =
      type === "file"
        ? { limit: Number.MAX_SAFE_INTEGER, limitFrom: archiveLimit, spill, resume }
        : { limit: metadataFetchLimit };
    for (;;) {
      const { body, status } = await client.get(name, options);
      if (!body) {
        throw ostreeError("no-such-object", `While fetching ${client.urlOf(name)}: Server returned HTTP ${status}`, {
          hint: `the server lacks this ${type} object of the commit`,
        });
      }
      try {
        if (type === "file") return await this.#content(checksum, body);
        this.#incoming.metadata(type, checksum, body.bytes);
        return 0;
      } catch (error) {
        // What an earlier pull left of it may have been of another file.
        if (body.resumed !== true) throw atUrl(error, client.urlOf(name));
      }
    }
  }

  async #content(checksum: Checksum, body: Body): Promise<number> {
    const whole = body.file === undefined ? body : { ...body, size: statSync(body.file).size };
    const { unverified } = this.#data;
    return this.#incoming.archived(checksum, whole, (header) => this.#checkHeader(header, checksum), unverified);
  }

  /** Takes an object from a repository on this machine (_ostree_repo_import_object). */
  async #import(path: string, checksum: Checksum, type: ObjectType, mode: RepoMode): Promise<void> {
    const { store, trusted } = this.#data;
    if (await this.#share(path, checksum, type, mode)) return;
    if (type !== "file") {
      this.#incoming.metadata(type, checksum, readFileSync(path), trusted);
      return;
    }
    const small = mode === "archive" && store.mode !== "archive" ? readSmall(path) : undefined;
    if (small) {
      // Verified on the way: with one zlib state kept that is quicker than the plain way without. What was read is stored
      // or copied before anything else can be read.
      await this.#content(checksum, { bytes: small, size: small.length });
      return;
    }
    if (!trusted) await verifyObject(path, checksum, type, mode);
    const file = loadContent(path, mode);
    this.#checkHeader(file.header, checksum);
    if (mode === "archive" && (store.mode === "archive" || file.size > memoryLimit)) {
      await this.#incoming.archivedFile(checksum, path);
      return;
    }
    const content = isSymlinkMode(file.header.mode) || file.size <= memoryLimit ? file.content() : fileWriter(path);
    this.#incoming.content(checksum, file.header, content, file.size);
  }

  /** Takes the object's own file by hard link, where it is the same in both repositories (import_one_object_direct). */
  async #share(path: string, checksum: Checksum, type: ObjectType, mode: RepoMode): Promise<boolean> {
    const { store, trusted, userOnlyFiles } = this.#data;
    if (type === "commitmeta" || !isShareable(path, type, mode, store.mode)) return false;
    if (!trusted) await verifyObject(path, checksum, type, mode);
    if (type === "file" && userOnlyFiles) this.#checkHeader(loadContent(path, mode).header, checksum);
    return linkInto(store, path, checksum, type);
  }

  #checkHeader({ mode }: FileHeader, checksum: Checksum): void {
    if (!this.#data.userOnlyFiles || isSymlinkMode(mode) || (mode & 0o7777 & ~0o775) === 0) return;
    throw ostreeError(
      "bad-mode",
      `Content object ${checksum}: invalid mode 0${mode.toString(8)} with bits 0${(mode & 0o7777 & ~0o775).toString(8)}`,
    );
  }
}

/** What was received is damaged: the error names the place that sent it. */
function atUrl(error: unknown, url: string): unknown {
  if (!(error instanceof AtomicError)) return error;
  return new AtomicError(error.code, `${url}: ${error.message}`, error.hint === undefined ? {} : { hint: error.hint });
}

function entriesOf(tree: Checksum, bytes: Uint8Array, names: boolean): TreeEntries {
  const { files, dirs } = decodeDirTree(bytes, `dirtree ${tree}`);
  return {
    tree,
    files: files.map(({ checksum }) => checksum).join(""),
    dirs: dirs.map(({ tree, meta }) => tree + meta).join(""),
    ...(names ? { fileNames: files.map(({ name }) => name), dirNames: dirs.map(({ name }) => name) } : {}),
  };
}

function findNear(repos: readonly NearRepo[], checksum: Checksum, type: ObjectType): NearRepo | undefined {
  return repos.find(({ path, mode }) => looseExists(`${path}/objects/${loosePath(checksum, type, mode)}`, type, mode));
}

/** A metadata object of the repository or of the transaction. */
export function readStored(store: Store, checksum: Checksum, type: ObjectType): Buffer {
  const path = loosePath(checksum, type, store.mode);
  try {
    return readFileSync(`${store.objects}/${path}`);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
    return readFileSync(`${store.staging}/${path}`);
  }
}

/** Metadata is the same in all modes; content where modes agree, and a regular file of bare-user is one of bare-user-only. */
function isShareable(path: string, type: ObjectType, from: RepoMode, to: RepoMode): boolean {
  if (type !== "file") return true;
  if (from === to) return from !== "bare-split-xattrs";
  return from === "bare-user" && to === "bare-user-only" && !isSymlinkMode(loadContent(path, from).header.mode);
}

/** Links a file of another repository into the transaction. False: it cannot be linked. */
export function linkInto(store: Store, path: string, checksum: Checksum, type: ObjectType): boolean {
  const target = `${store.staging}/${loosePath(checksum, type, store.mode)}`;
  for (;;) {
    try {
      linkSync(path, target);
      return true;
    } catch (error) {
      if (isErrno(error, "EEXIST")) return true;
      if (isErrno(error, "EXDEV", "EMLINK", "EPERM", "EACCES")) return false;
      // Another thread may have made the object's directory since: only a missing source is final.
      if (!isErrno(error, "ENOENT") || !lstatIfExists(path)) throw error;
      mkdirSync(`${store.staging}/${checksum.slice(0, 2)}`, { recursive: true });
    }
  }
}
