// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, silent, type Xattr } from "../base/index.ts";
import { type ContentTask, withLabel } from "./content-task.ts";
import { canonicalXattrs } from "./file-object.ts";
import { encodeDirTree } from "./dirtree-object.ts";
import { encodeDirMeta } from "./metadata-objects.ts";
import { type Checksum, checkName, type DirMeta, type FileHeader, isSymlinkMode } from "./model.ts";
import { changeOwned, type CommitModifiers } from "./modifiers.ts";
import type { StatOverride } from "./stat-override.ts";
import type { Repo } from "./repo.ts";
import { readSymlink } from "./disk-header.ts";
import type { SizeIndex } from "./object-sizes.ts";
import { type PendingTask, storeTasks } from "./store-tasks.ts";
import { Transaction, type TransactionStats } from "./transaction.ts";
import { childrenOf, type DirNode, type DiskOrigin, type FileNode, untouchedOrigin } from "./tree.ts";

export interface WriteTreeOptions extends CommitModifiers {
  /** Adds to this transaction instead of one of its own. */
  readonly transaction?: Transaction;
  /** Remembers `CHECKSUM LABEL` -> checksum of the object with that label, so that nothing is hashed again. */
  readonly relabelCache?: Map<string, string>;
  readonly fsync?: boolean;
  /** The files on the disk are given away: where the repository can take one as it is, it is linked, not copied. */
  readonly consume?: boolean;
  /** Gathers the sizes of all objects; for archives. */
  readonly sizes?: SizeIndex;
  /** Worker threads beside the calling one, which takes part; 0 for none. Default: one per further core. */
  readonly workers?: number;
}

export interface WrittenTree {
  readonly tree: Checksum;
  readonly meta: Checksum;
  readonly stats: TransactionStats;
}

/** Writes all objects of a tree; the commit itself is `writeCommit`'s. */
export async function writeTree(
  repo: Repo,
  tree: DirNode,
  options: WriteTreeOptions = {},
  progress: ProgressListener = silent,
): Promise<WrittenTree> {
  if (options.transaction) return new TreeWriter(options.transaction, options, progress).write(tree);
  using transaction = Transaction.begin(repo, options.fsync === undefined ? {} : { fsync: options.fsync });
  const written = await new TreeWriter(transaction, options, progress).write(tree);
  transaction.commit();
  return written;
}

/** A directory on its way into the repository: written, and forgotten, when the last of its entries has its checksum. */
interface Level {
  readonly meta: DirMeta;
  readonly files: { name: string; checksum: Checksum }[];
  readonly dirs: { name: string; tree: Checksum; meta: Checksum }[];
  /** Entries without checksum; one more while there may be others to come. */
  missing: number;
  readonly take: (written: TreeChecksums) => void;
}

interface TreeChecksums {
  readonly tree: Checksum;
  readonly meta: Checksum;
}

const unknown = "" as Checksum;

class TreeWriter {
  readonly #transaction: Transaction;
  readonly #options: WriteTreeOptions;
  readonly #progress: ProgressListener;
  readonly #metas = new Map<string, Checksum>();

  constructor(transaction: Transaction, options: WriteTreeOptions, progress: ProgressListener) {
    this.#transaction = transaction;
    this.#progress = progress;
    // A bare-user-only repository can hold nothing else (_ostree_repo_commit_modifier_apply, get_final_xattrs).
    const userOnly = transaction.repo.mode === "bare-user-only";
    this.#options = userOnly ? { ...options, canonicalPermissions: true } : options;
  }

  async write(root: DirNode): Promise<WrittenTree> {
    const result: { written?: TreeChecksums } = {};
    const pending = this.#walk(root, "", (written) => (result.written = written));
    await storeTasks(this.#transaction.store, pending, { workers: this.#options.workers, progress: this.#progress });
    if (!result.written) throw new Error("the root was not written");
    return { ...result.written, stats: this.#transaction.stats };
  }

  /** Yields what must be hashed; checksums that are known are put into the level at once. */
  *#walk(node: DirNode, path: string, take: Level["take"]): Generator<PendingTask> {
    const meta = node.asIs ? node.meta : this.#dirMeta(node, path);
    const level: Level = { meta, files: [], dirs: [], missing: 1, take };
    for (const [name, child] of childrenOf(node)) {
      checkName(name, path);
      const childPath = `${path}/${name}`;
      level.missing++;
      if (child.kind === "dir") {
        const entry = { name, tree: unknown, meta: unknown };
        level.dirs.push(entry);
        yield* this.#walk(child, childPath, (written) => {
          Object.assign(entry, written);
          this.#foundOne(level);
        });
        continue;
      }
      const entry = { name, checksum: unknown };
      level.files.push(entry);
      yield* this.#file(child, childPath, (checksum) => {
        entry.checksum = checksum;
        this.#foundOne(level);
      });
    }
    this.#foundOne(level);
  }

  #dirMeta({ meta, override }: DirNode, path: string): DirMeta {
    const { uid, gid, mode } = changeOwned(meta, override, this.#options);
    const xattrs = this.#dropsXattrs() ? [] : canonicalXattrs(meta.xattrs);
    return { uid, gid, mode, xattrs: withLabel(xattrs, this.#options.label?.(path || "/", mode)) };
  }

  #dropsXattrs(): boolean {
    return this.#options.noXattrs === true || this.#options.canonicalPermissions === true;
  }

  *#file(node: FileNode, path: string, take: (checksum: Checksum) => void): Generator<PendingTask> {
    const { stats } = this.#transaction;
    const origin = untouchedOrigin(node);
    const { task, relabelKey }: { task: ContentTask; relabelKey?: string } =
      origin?.type === "path"
        ? this.#diskTask(origin, node.override, path)
        : this.#nodeTask(node, path, origin !== undefined);
    const cached = task.known ?? this.#cached(relabelKey);
    if (cached !== undefined && this.#has(cached)) {
      stats[node.linked ? "cacheHits" : "contentTotal"]++;
      take(cached);
      return;
    }
    stats.contentTotal++;
    yield {
      task,
      done: ({ checksum, written }) => {
        take(checksum);
        if (relabelKey !== undefined) this.#options.relabelCache?.set(relabelKey, checksum);
        if (written >= 0) this.#transaction.countContent(1, written);
      },
    };
  }

  #has(checksum: Checksum): boolean {
    return this.#transaction.has(checksum, "file") || this.#transaction.repo.parent?.holds(checksum, "file") === true;
  }

  #cached(relabelKey: string | undefined): Checksum | undefined {
    if (relabelKey === undefined) return undefined;
    return this.#options.relabelCache?.get(relabelKey) as Checksum | undefined;
  }

  /** A file as it was found on the disk: its attributes are left to the worker. */
  #diskTask(origin: DiskOrigin, override: StatOverride | undefined, path: string): { task: ContentTask } {
    const owned = changeOwned(origin, override, this.#options);
    const xattrs: "disk" | Xattr[] = origin.xattrs && !this.#dropsXattrs() ? "disk" : [];
    const symlink = isSymlinkMode(origin.mode) ? readSymlink(origin.path) : "";
    const source = { type: "path", path: origin.path, size: origin.size } as const;
    const task = this.#labelled({ header: { ...owned, symlink, xattrs }, source }, path);
    return { task: this.#canAdopt(origin, task) ? { ...task, adopt: true } : task };
  }

  /** Whether the file itself can be the object (write_content_to_mtree_internal, "can_adopt"). */
  #canAdopt(origin: DiskOrigin, { header, label }: ContentTask): boolean {
    if (!this.#options.consume || isSymlinkMode(header.mode)) return false;
    const { mode } = this.#transaction.repo;
    if (mode === "bare-user-only") return true;
    const kept = header.uid === origin.uid && header.gid === origin.gid && header.mode === origin.mode;
    return mode === "bare" && kept && header.xattrs === "disk" && label === undefined;
  }

  #labelled(task: ContentTask, path: string): ContentTask {
    const label = this.#options.label?.(path, task.header.mode);
    return label === undefined ? task : { ...task, label };
  }

  #nodeTask(node: FileNode, path: string, untouched: boolean): { task: ContentTask; relabelKey?: string } {
    const { source } = node;
    const changesAny =
      node.override !== undefined ||
      changesOwned(this.#options) ||
      this.#dropsXattrs() ||
      this.#options.label !== undefined;
    if (source.type === "object" && untouched && (node.asIs || !changesAny)) {
      return { task: importTask(source, undefined) };
    }
    const header = node.asIs ? node.header : this.#finalHeader(node, path);
    if (source.type !== "object") {
      return { task: { header: { ...header, xattrs: canonicalXattrs(header.xattrs) }, source } };
    }
    const original = untouched ? node.header : source.repo.loadHeader(source.checksum);
    if (sameHeader(original, header)) return { task: importTask(source, header) };
    const task = { header, source: objectSource(source) };
    const label = labelOf(header);
    const onlyLabel =
      label !== undefined && sameHeader({ ...original, xattrs: withLabel(original.xattrs, label) }, header);
    return onlyLabel ? { task, relabelKey: `${source.checksum} ${label}` } : { task };
  }

  #finalHeader({ header, override }: FileNode, path: string): FileHeader {
    const owned = changeOwned(header, override, this.#options);
    // The order of an object's attributes is part of its checksum: it is kept unless something changes.
    const xattrs = this.#dropsXattrs() ? [] : header.xattrs;
    const label = this.#options.label?.(path, owned.mode);
    const labelled = label !== undefined && label !== labelOf(header) ? withLabel(xattrs, label) : xattrs;
    return { ...owned, symlink: header.symlink, xattrs: labelled };
  }

  #foundOne(level: Level): void {
    if (--level.missing === 0) level.take(this.#writeLevel(level));
  }

  #writeLevel({ meta, files, dirs }: Level): TreeChecksums {
    const bytes = encodeDirTree({ files, dirs });
    const tree = this.#transaction.writeMetadata("dirtree", bytes);
    const { sizes } = this.#options;
    if (sizes) for (const { checksum } of files) sizes.addFile(this.#transaction.store, checksum);
    sizes?.addMetadata("dirtree", tree, bytes.length);
    return { tree, meta: this.#writeMeta(meta) };
  }

  #writeMeta(meta: DirMeta): Checksum {
    const bytes = encodeDirMeta(meta);
    const key = bytes.toString("latin1");
    const known = this.#metas.get(key);
    if (known !== undefined) {
      this.#transaction.stats.metadataTotal++;
      return known;
    }
    const checksum = this.#transaction.writeMetadata("dirmeta", bytes);
    this.#metas.set(key, checksum);
    this.#options.sizes?.addMetadata("dirmeta", checksum, bytes.length);
    return checksum;
  }
}

function changesOwned(modifiers: CommitModifiers): boolean {
  const { uid, gid, canonicalPermissions, modeRoExecutables } = modifiers;
  return uid !== undefined || gid !== undefined || !!canonicalPermissions || !!modeRoExecutables;
}

function objectSource({ repo, checksum }: { repo: Repo; checksum: Checksum }): ContentTask["source"] {
  const holder = repo.holder(checksum, "file");
  return { type: "object", path: holder.objectPath(checksum, "file"), mode: holder.mode };
}

const noHeader: FileHeader = { uid: 0, gid: 0, mode: 0, symlink: "", xattrs: [] };

/** The object as it is; the header is not needed for it. */
function importTask(source: { repo: Repo; checksum: Checksum }, header: FileHeader | undefined): ContentTask {
  return { header: header ?? noHeader, source: objectSource(source), known: source.checksum };
}

function labelOf({ xattrs }: { xattrs: readonly Xattr[] }): string | undefined {
  const found = xattrs.find(({ name }) => name === "security.selinux");
  return found && Buffer.from(found.value).toString().replace(/\0$/, "");
}

/** Equal to the last byte, the order of attributes included. */
export function sameHeader(a: FileHeader, b: FileHeader): boolean {
  return (
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.mode === b.mode &&
    a.symlink === b.symlink &&
    a.xattrs.length === b.xattrs.length &&
    a.xattrs.every(({ name, value }, index) => {
      const other = b.xattrs[index];
      return other !== undefined && name === other.name && Buffer.compare(value, other.value) === 0;
    })
  );
}
