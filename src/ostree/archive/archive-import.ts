// SPDX-License-Identifier: Apache-2.0
import { safeRelative, type Xattr } from "../../base/index.ts";
import type { TarEntry } from "../../formats/index.ts";
import { withLabel } from "../content-task.ts";
import { ostreeError } from "../errors.ts";
import { canonicalXattrs } from "../file-object.ts";
import { type Checksum, checkName, type DirMeta, directoryDepthLimit, type FileHeader, fileType } from "../model.ts";
import { changeOwned } from "../modifiers.ts";
import type { PendingTask } from "../store-tasks.ts";
import type { Transaction } from "../transaction.ts";
import { type DirNode, type FileNode, findNode, objectFile, type TreeNode } from "../tree.ts";
import { entrySource } from "./entry-source.ts";
import type { ImportArchiveOptions } from "./import-options.ts";
import type { OpenArchive } from "./open-archive.ts";

const types: Readonly<Partial<Record<TarEntry["type"], number>>> = {
  file: fileType.regular,
  hardlink: fileType.regular,
  symlink: fileType.symlink,
  directory: fileType.directory,
};

/** A hard link is followed when all is read: its target may come later, or get its content later. */
interface DeferredLink {
  readonly parent: DirNode;
  readonly name: string;
  readonly target: string;
  /** This link brought the content. */
  readonly hasContent: boolean;
}

/** One archive on its way into a tree (ostree_repo_import_archive_to_mtree). */
export class ArchiveImport {
  readonly #transaction: Transaction;
  readonly #options: ImportArchiveOptions;
  readonly #links: DeferredLink[] = [];
  readonly #root: DirNode;
  /** Whether the root directory has metadata: from a tree below or from the archive. */
  #rooted: boolean;

  constructor(transaction: Transaction, tree: DirNode | undefined, options: ImportArchiveOptions) {
    this.#transaction = transaction;
    const userOnly = transaction.repo.mode === "bare-user-only";
    this.#options = userOnly ? { ...options, canonicalPermissions: true, noXattrs: true } : options;
    this.#rooted = tree !== undefined;
    this.#root = tree ?? { kind: "dir", meta: noMeta, entries: new Map() };
  }

  /** Reads the archive; yields what is to be hashed and stored. */
  *tasks(archive: OpenArchive): Generator<PendingTask> {
    for (const entry of archive.entries()) yield* this.#entry(entry);
  }

  /** The tree, after all tasks are done. */
  finish(): DirNode | undefined {
    this.#followLinks();
    if (!this.#rooted && this.#options.autocreateParents) this.#setRoot();
    return this.#rooted ? this.#root : undefined;
  }

  *#entry(entry: TarEntry): Generator<PendingTask> {
    const path = this.#rename(entry.path);
    const { overrides, skipped } = this.#options;
    if (skipped?.delete(`/${path}`)) return;
    const type = types[entry.type];
    if (type === undefined) throw ostreeError("unsupported-file", `Unsupported file type for path "${path}"`);
    const override = overrides?.get(`/${path}`);
    if (override?.kind === "add") overrides?.delete(`/${path}`);
    const owned = changeOwned({ uid: entry.uid, gid: entry.gid, mode: type | entry.mode }, override, this.#options);
    const xattrs = this.#xattrs(entry.xattrs, `/${path}`, owned.mode);
    if (entry.type === "directory") this.#directory(path, { ...owned, xattrs }, entry);
    else yield* this.#file(entry, path, { ...owned, symlink: entry.type === "symlink" ? entry.target : "", xattrs });
  }

  #rename(path: string): string {
    const { renamePath } = this.#options;
    return renamePath ? safeRelative(renamePath(path), "--tar-pathname-filter") : path;
  }

  #xattrs(xattrs: readonly Xattr[], path: string, mode: number): readonly Xattr[] {
    const kept = this.#options.noXattrs ? [] : canonicalXattrs(xattrs);
    return withLabel(kept, this.#options.label?.(path, mode));
  }

  /** aic_handle_dir: a directory that is there already gets the archive's metadata. */
  #directory(path: string, meta: DirMeta, entry: TarEntry): void {
    if (path === "") {
      this.#setMeta(this.#root, meta);
      this.#rooted = true;
      return;
    }
    const { parent, name } = this.#parentOf(path, entry);
    const found = parent.entries.get(name);
    if (found?.kind === "file") throw ostreeError("not-a-directory", `Can't replace file with directory: ${path}`);
    if (found) this.#setMeta(found, meta);
    else parent.entries.set(name, { kind: "dir", meta, entries: new Map(), asIs: true });
  }

  #setMeta(directory: DirNode, meta: DirMeta): void {
    directory.meta = meta;
    directory.asIs = true;
  }

  *#file(entry: TarEntry, path: string, header: FileHeader): Generator<PendingTask> {
    if (path === "") throw ostreeError("not-a-directory", "The archive's root is not a directory");
    const { parent, name } = this.#parentOf(path, entry);
    const hasContent = entry.type !== "hardlink" || entry.size > 0;
    if (hasContent) yield this.#store(entry, header, parent, name);
    if (entry.type === "hardlink") {
      this.#links.push({ parent, name, target: this.#rename(entry.target), hasContent });
    }
  }

  #store(entry: TarEntry, header: FileHeader, parent: DirNode, name: string): PendingTask {
    if (parent.entries.get(name)?.kind === "dir") {
      throw ostreeError("is-a-directory", `Can't replace directory with file: ${name}`);
    }
    // A later entry of the same name may overtake this one in the workers: it has a place of its own.
    const place: FileNode = { kind: "file", header, source: { type: "bytes", bytes: nothing } };
    parent.entries.set(name, place);
    const { source, remove, transfer } = entrySource(this.#transaction.store, entry);
    return {
      task: { header, source },
      ...(transfer === undefined ? {} : { transfer }),
      done: ({ checksum, written }) => {
        remove?.();
        if (parent.entries.get(name) === place) parent.entries.set(name, this.#stored(checksum));
        this.#transaction.stats.contentTotal++;
        if (written >= 0) this.#transaction.countContent(1, written);
      },
    };
  }

  #stored(checksum: Checksum): FileNode {
    const node = objectFile(this.#transaction.repo, checksum);
    node.asIs = true;
    return node;
  }

  /** aic_get_parent_dir */
  #parentOf(path: string, entry: TarEntry): { parent: DirNode; name: string } {
    const parts = path.split("/");
    if (parts.length > directoryDepthLimit) throw ostreeError("unsupported-file", `${path}: nested too deep`);
    for (const part of parts) checkName(part, path);
    const name = parts.pop()!;
    const found = findNode(this.#root, parts.join("/"));
    if (found?.kind === "dir") return { parent: found, name };
    if (found || !this.#options.autocreateParents) {
      throw ostreeError("no-such-path", `No such file or directory: ${parts.join("/")}, the parent of ${path}`);
    }
    return { parent: this.#createParents(parts, entry), name };
  }

  /**
   * aic_create_parent_dirs: all directories on the way, those that exist too, get the owner of the entry that needs them
   * and mode 0755.
   */
  #createParents(parts: readonly string[], { uid, gid }: TarEntry): DirNode {
    const meta = (path: string): DirMeta => {
      const mode = fileType.directory | 0o755;
      return { uid, gid, mode, xattrs: withLabel([], this.#options.label?.(path, mode)) };
    };
    this.#setMeta(this.#root, meta("/"));
    this.#rooted = true;
    let at = this.#root;
    for (const [index, part] of parts.entries()) {
      const path = `/${parts.slice(0, index + 1).join("/")}`;
      let next: TreeNode | undefined = at.entries.get(part);
      if (next === undefined) at.entries.set(part, (next = { kind: "dir", meta: noMeta, entries: new Map() }));
      if (next.kind !== "dir") throw ostreeError("not-a-directory", `Can't replace file with directory: ${path}`);
      this.#setMeta(next, meta(path));
      at = next;
    }
    return at;
  }

  /** An archive of nothing, like some image layers. */
  #setRoot(): void {
    const owned = changeOwned({ uid: 0, gid: 0, mode: fileType.directory | 0o755 }, undefined, this.#options);
    this.#setMeta(this.#root, { ...owned, xattrs: withLabel([], this.#options.label?.("/", owned.mode)) });
    this.#rooted = true;
  }

  /** aic_import_deferred_hardlinks: a link that brought content gives it to its target, and the target to all links. */
  #followLinks(): void {
    for (const { parent, name, target, hasContent } of this.#links) {
      const file = parent.entries.get(name);
      if (hasContent && file?.kind === "file") this.#replace(target, file);
    }
    const waiting = new Map(this.#links.filter(({ hasContent }) => !hasContent).map((link) => [link, link.target]));
    // A link may lead to another link: as long as any finds its target, the others are tried again.
    for (let progress = true; progress && waiting.size > 0;) {
      progress = false;
      for (const [link, target] of waiting) {
        const file = findNode(this.#root, target);
        if (file?.kind !== "file") continue;
        this.#linkTo(link, file);
        waiting.delete(link);
        progress = true;
      }
    }
    for (const [, target] of waiting) this.#noTarget(target);
  }

  #linkTo({ parent, name }: DeferredLink, file: FileNode): void {
    if (parent.entries.get(name)?.kind === "dir") {
      throw ostreeError("is-a-directory", `Can't replace directory with file: ${name}`);
    }
    parent.entries.set(name, file);
  }

  #replace(path: string, file: FileNode): void {
    const cut = path.lastIndexOf("/");
    const parent = findNode(this.#root, path.slice(0, Math.max(0, cut)));
    const name = path.slice(cut + 1);
    if (parent?.kind !== "dir" || parent.entries.get(name)?.kind !== "file") return this.#noTarget(path);
    parent.entries.set(name, file);
  }

  #noTarget(target: string): never {
    const kind = findNode(this.#root, target)?.kind;
    if (kind === "dir") {
      const message = `Expected hardlink file target at "${target}" but found a directory`;
      throw ostreeError("is-a-directory", message);
    }
    throw ostreeError("no-such-path", `Processing deferred hardlink ${target}: No such file or directory`);
  }
}

const nothing = new Uint8Array();
const noMeta: DirMeta = { uid: 0, gid: 0, mode: fileType.directory | 0o755, xattrs: [] };
