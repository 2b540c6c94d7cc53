// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { join, resolve as resolvePath } from "node:path";
import {
  type HeldLock,
  isErrno,
  listDirectory,
  lockFile,
  makeDirectories,
  readTextIfExists,
  unlessErrno,
  writeFileAtomic,
} from "../base/index.ts";
import { Keyfile } from "../formats/index.ts";
import { ostreeError } from "./errors.ts";
import { isLinkable, type LoadedFile, loadContent } from "./load-content.ts";
import { decodeDirTree } from "./dirtree-object.ts";
import { decodeCommit, decodeDirMeta } from "./metadata-objects.ts";
import {
  type Checksum,
  type Commit,
  type DirMeta,
  type DirTree,
  type FileHeader,
  isChecksum,
  type MetadataType,
  type ObjectType,
  type RepoMode,
} from "./model.ts";
import { looseExists, loosePath, parseLoose } from "./object-path.ts";
import { readMetadata } from "./read-metadata.ts";
import { listRefs } from "./list-refs.ts";
import { parseRefSpec, readRef, type RefSpec, writeRef } from "./refs.ts";
import { newConfig, parseSettings, type RepoSettings } from "./repo-config.ts";

export interface InitOptions {
  readonly collectionId?: string;
}

export interface OpenOptions {
  /** The system root that the repository belongs to: its remotes may be below its /etc. */
  readonly sysroot?: string;
}

/** The directories that `ostree init` makes. */
const directories = ["extensions", "objects", "refs/heads", "refs/mirrors", "refs/remotes", "state", "tmp/cache"];

/** A longer chain of parents is a circle. */
const parentLimit = 16;

function openParent(path: string, config: Keyfile, depth: number): Repo | undefined {
  const parent = config.get("core", "parent");
  if (parent === undefined || parent === "") return undefined;
  if (depth < parentLimit) return Repo.openAt(parent, depth + 1);
  throw ostreeError("bad-config", `${path}: core.parent leads in a circle`);
}

/** An OSTree repository on disk: objects and refs. It holds no open files; any number may be open on one path. */
export class Repo {
  /** Absolute. */
  readonly path: string;
  readonly config: Keyfile;
  readonly settings: RepoSettings;
  /** Where objects and refs that are not here are sought (`core.parent`). */
  readonly parent: Repo | undefined;
  /** Absolute path of the system root that it was opened through. */
  readonly sysroot: string | undefined;

  private constructor(path: string, config: Keyfile, depth: number, options: OpenOptions) {
    this.path = path;
    this.sysroot = options.sysroot === undefined ? undefined : resolvePath(options.sysroot);
    this.config = config;
    this.settings = parseSettings(config, join(path, "config"));
    this.parent = openParent(path, config, depth);
  }

  static open(path: string, options: OpenOptions = {}): Repo {
    return Repo.openAt(path, 0, options);
  }

  /** @param depth of parents on the way to this one */
  static openAt(path: string, depth: number, options: OpenOptions = {}): Repo {
    const absolute = resolvePath(path);
    const file = join(absolute, "config");
    const text = existsSync(join(absolute, "objects")) ? readTextIfExists(file) : undefined;
    if (text === undefined) {
      throw ostreeError("not-a-repo", `${absolute} is not an OSTree repository`, {
        hint: `atomic ostree init --repo=${path} --mode=archive  makes one`,
      });
    }
    const repo = new Repo(absolute, Keyfile.parse(text, file), depth, options);
    // It may be emptied by hand; who may not write here needs none (ostree_repo_open).
    const temporary = join(absolute, "tmp");
    if (!existsSync(temporary)) unlessErrno(["EACCES", "EROFS", "ENOSPC"], () => makeDirectories(temporary));
    return repo;
  }

  /** Makes a repository, or opens one that is there already in the same mode (as `ostree init` does). */
  static init(path: string, mode: RepoMode, options: InitOptions = {}): Repo {
    if (existsSync(join(path, "config"))) {
      const repo = Repo.open(path);
      if (repo.mode === mode) return repo;
      throw ostreeError("repo-exists", `${repo.path} exists in mode ${repo.mode}, not ${mode}`);
    }
    for (const directory of directories) makeDirectories(join(path, directory));
    writeFileAtomic(join(path, "config"), newConfig(mode, options.collectionId).toString());
    return Repo.open(path);
  }

  get mode(): RepoMode {
    return this.settings.mode;
  }

  /** The collection that the repository's own refs belong to (`core.collection-id`). */
  get collectionId(): string | undefined {
    const id = this.config.get("core", "collection-id");
    return id === "" ? undefined : id;
  }

  /**
   * Writes changes made to `config`; the settings of this instance stay as they are. A value that nobody could open the
   * repository with any more is refused (ostree_repo_write_config_and_reload).
   */
  saveConfig(): void {
    parseSettings(this.config, join(this.path, "config"));
    writeFileAtomic(join(this.path, "config"), this.config.toString());
  }

  objectPath(checksum: Checksum, type: ObjectType): string {
    return `${this.path}/objects/${loosePath(checksum, type, this.mode)}`;
  }

  /** Whether this repository has the object itself. */
  has(checksum: Checksum, type: ObjectType): boolean {
    return looseExists(this.objectPath(checksum, type), type, this.mode);
  }

  /** Whether this repository or one of its parents has the object. */
  holds(checksum: Checksum, type: ObjectType): boolean {
    return this.has(checksum, type) || this.parent?.holds(checksum, type) === true;
  }

  /** This repository, or the nearest of its parents that has the object; itself when none has it. */
  holder(checksum: Checksum, type: ObjectType): Repo {
    if (this.parent === undefined || this.has(checksum, type)) return this;
    return this.parent.holds(checksum, type) ? this.parent.holder(checksum, type) : this;
  }

  /** The bytes of a metadata object as stored, not verified. */
  loadMetadata(checksum: Checksum, type: MetadataType): Buffer {
    const path = this.holder(checksum, type).objectPath(checksum, type);
    return this.#loading(checksum, type, () => readMetadata(path));
  }

  loadCommit(checksum: Checksum): Commit {
    return decodeCommit(this.loadMetadata(checksum, "commit"), `commit ${checksum}`);
  }

  loadDirTree(checksum: Checksum): DirTree {
    return decodeDirTree(this.loadMetadata(checksum, "dirtree"), `dirtree ${checksum}`);
  }

  loadDirMeta(checksum: Checksum): DirMeta {
    return decodeDirMeta(this.loadMetadata(checksum, "dirmeta"), `dirmeta ${checksum}`);
  }

  loadFile(checksum: Checksum): LoadedFile {
    const { mode, ...holder } = this.#fileOf(checksum);
    const file = this.#loading(checksum, "file", () => loadContent(holder.path, mode));
    // Attributes that something else put on the file are none of ours.
    const ignored = mode === "bare" && this.settings.disableXattrs && file.header.xattrs.length > 0;
    return ignored ? { ...file, header: { ...file.header, xattrs: [] } } : file;
  }

  loadHeader(checksum: Checksum): FileHeader {
    return this.loadFile(checksum).header;
  }

  /** Whether the file of a content object may be hard-linked into a checkout of the same kind. */
  isLinkable(checksum: Checksum): boolean {
    const { mode, ...holder } = this.#fileOf(checksum);
    return this.#loading(checksum, "file", () => isLinkable(holder.path, checksum, mode));
  }

  /** Whether a commit is here without all of its objects (a pull was cut short, or only metadata was wanted). */
  isPartial(commit: Checksum): boolean {
    return existsSync(this.partialPath(commit));
  }

  partialPath(commit: Checksum): string {
    return join(this.path, "state", `${commit}.commitpartial`);
  }

  /** The commit that `rev` names: a checksum, its unique beginning, a ref, `REMOTE:REF`; each may end in `^`. */
  resolve(rev: string): Checksum {
    const checksum = this.tryResolve(rev);
    if (checksum !== undefined) return checksum;
    throw ostreeError("no-such-ref", `Refspec '${rev}' not found`, {
      hint: `atomic ostree refs --repo=${this.path}  lists the refs`,
    });
  }

  /** As `resolve`; `undefined` when there is no such ref. */
  tryResolve(rev: string): Checksum | undefined {
    return this.#tryResolveHere(rev) ?? this.parent?.tryResolve(rev);
  }

  #tryResolveHere(rev: string): Checksum | undefined {
    if (isChecksum(rev)) return rev;
    const byPrefix = this.#resolvePrefix(rev);
    if (byPrefix !== undefined) return byPrefix;
    if (!rev.endsWith("^")) return readRef(this.path, parseRefSpec(rev));
    const child = this.tryResolve(rev.slice(0, -1));
    if (child === undefined) return undefined;
    const { parent } = this.loadCommit(child);
    if (parent === undefined) throw ostreeError("no-parent", `Commit ${child} has no parent`);
    return parent;
  }

  listRefs(): Map<string, Checksum> {
    return listRefs(this.path);
  }

  /** Sets a ref (`ref` or `remote:ref`, or its place), or deletes it. */
  setRef(ref: string | RefSpec, checksum: Checksum | undefined): void {
    writeRef(this.path, typeof ref === "string" ? parseRefSpec(ref) : ref, checksum, {
      durable: this.settings.fsync,
    });
  }

  /** All loose objects. Order is not defined. */
  *objects(): Generator<{ checksum: Checksum; type: ObjectType }> {
    for (const prefix of listDirectory(join(this.path, "objects"))) yield* this.objectsWithPrefix(prefix);
  }

  /** Loose objects whose checksums begin with these two digits. */
  *objectsWithPrefix(prefix: string): Generator<{ checksum: Checksum; type: ObjectType }> {
    if (!/^[0-9a-f]{2}$/.test(prefix)) return;
    for (const name of listDirectory(join(this.path, "objects", prefix))) {
      const object = parseLoose(prefix, name);
      if (object) yield object;
    }
  }

  /** The repository's lock: writers share it, prune has it alone (ostree_repo_lock_push). */
  lock(kind: "shared" | "exclusive"): HeldLock {
    const { locking, lockTimeoutSeconds } = this.settings;
    if (!locking) return { release: () => {}, [Symbol.dispose]: () => {} };
    return lockFile(join(this.path, ".lock"), {
      exclusive: kind === "exclusive",
      // A negative time-out waits for ever.
      timeoutMs: lockTimeoutSeconds < 0 ? Number.POSITIVE_INFINITY : lockTimeoutSeconds * 1000,
      record: true,
    });
  }

  /** ostree_repo_resolve_partial_checksum: a unique beginning of a commit's checksum. */
  #resolvePrefix(digits: string): Checksum | undefined {
    if (!/^[0-9a-f]{2,63}$/.test(digits)) return undefined;
    const found: Checksum[] = [];
    for (const { checksum, type } of this.objectsWithPrefix(digits.slice(0, 2))) {
      if (type === "commit" && checksum.startsWith(digits)) found.push(checksum);
    }
    if (found.length > 1) throw ostreeError("ambiguous-checksum", `refspec ${digits} is not unique`);
    return found[0];
  }

  #fileOf(checksum: Checksum): { path: string; mode: RepoMode } {
    const repo = this.holder(checksum, "file");
    return { path: repo.objectPath(checksum, "file"), mode: repo.mode };
  }

  #loading<T>(checksum: Checksum, type: ObjectType, load: () => T): T {
    try {
      return load();
    } catch (cause) {
      if (!isErrno(cause, "ENOENT")) throw cause;
      const message =
        type === "file" ? `Couldn't find file object '${checksum}'` : `No such metadata object ${checksum}.${type}`;
      throw ostreeError("no-such-object", `${this.path}: ${message}`, { cause });
    }
  }
}
