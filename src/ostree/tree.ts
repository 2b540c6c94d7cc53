// SPDX-License-Identifier: Apache-2.0
/** The tree in memory: what compose builds and `writeTree` writes. Nodes are plain and may be changed in place. */
import { ostreeError } from "./errors.ts";
import { type Checksum, checkName, compareNames, type DirMeta, directoryDepthLimit, type FileHeader } from "./model.ts";
import { readDiskHeader } from "./disk-header.ts";
import type { StatOverride } from "./stat-override.ts";
import type { Repo } from "./repo.ts";

/** What a commit's modifiers do with one node. */
interface Modified {
  /** No modifier changes it: it belongs to the base, or is taken from the repository as it is. */
  asIs?: boolean;
  /** A change of its mode that is for it alone. */
  override?: StatOverride;
}

export interface DirNode extends Modified {
  kind: "dir";
  meta: DirMeta;
  entries: Map<string, TreeNode>;
}

/** Where a file's content comes from; a symbolic link needs none, its source is not read. */
export type FileSource =
  | { readonly type: "object"; readonly repo: Repo; readonly checksum: Checksum }
  | { readonly type: "path"; readonly path: string; readonly size: number }
  | { readonly type: "bytes"; readonly bytes: Uint8Array };

/** A regular file or symbolic link. */
export interface FileNode extends Modified {
  kind: "file";
  header: FileHeader;
  source: FileSource;
  /** It was found on the disk as a hard link of the object: see `DevinoCache`. */
  linked?: boolean;
}

export type TreeNode = DirNode | FileNode;

/** A file found on the disk, with the owners and mode that it had then. */
export interface DiskOrigin {
  readonly type: "path";
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly size: number;
  /** Whether its extended attributes count. */
  readonly xattrs: boolean;
}

/** Where a header comes from that is read when it is first asked for. */
export type Origin = { readonly type: "object"; readonly repo: Repo; readonly checksum: Checksum } | DiskOrigin;

/**
 * A file node whose header is loaded on first use. It is a class for the sake of memory: such nodes are changed in place,
 * not spread into new ones (`{ ...node }` has no header).
 */
class LazyFile implements FileNode {
  readonly kind = "file";
  source: FileSource;
  declare asIs?: boolean;
  declare override?: StatOverride;
  declare linked?: boolean;
  readonly #source: FileSource;
  #origin: Origin | undefined;
  #header: FileHeader | undefined;

  constructor(source: FileSource, origin: Origin) {
    this.source = source;
    this.#source = source;
    this.#origin = origin;
  }

  get header(): FileHeader {
    if (this.#header) return this.#header;
    if (!this.#origin) throw new Error("a file node without header");
    return (this.#header = this.#origin.type === "path" ? readDiskHeader(this.#origin) : loadHeader(this.#origin));
  }

  set header(header: FileHeader) {
    this.#header = header;
    this.#origin = undefined;
  }

  static origin(node: FileNode): Origin | undefined {
    return #origin in node && node.source === node.#source ? node.#origin : undefined;
  }
}

function loadHeader({ repo, checksum }: { repo: Repo; checksum: Checksum }): FileHeader {
  return repo.loadHeader(checksum);
}

/** Where the header of `node` comes from, as long as neither header nor source were replaced. */
export function untouchedOrigin(node: FileNode): Origin | undefined {
  return LazyFile.origin(node);
}

/** A file on the disk with the owners and mode given; its attributes are read on first use. */
export function diskFile(origin: DiskOrigin): FileNode {
  return new LazyFile(origin, origin);
}

/** A file that a repository has, with the header that it has there. */
export function objectFile(repo: Repo, checksum: Checksum): FileNode {
  const source = { type: "object", repo, checksum } as const;
  return new LazyFile(source, source);
}

/**
 * A directory whose entries are read when they are first asked for, and kept from then on. `childrenOf` reads them without
 * keeping, so that a tree of any size can be walked in the memory that its deepest path needs.
 */
export class LazyDirectory implements DirNode {
  readonly kind = "dir";
  meta: DirMeta;
  declare asIs?: boolean;
  declare override?: StatOverride;
  readonly #read: () => Iterable<[name: string, node: TreeNode]>;
  #entries: Map<string, TreeNode> | undefined;

  /** @param read gives files and directories, each kind in a commit's order */
  constructor(meta: DirMeta, read: () => Iterable<[name: string, node: TreeNode]>) {
    this.meta = meta;
    this.#read = read;
  }

  get entries(): Map<string, TreeNode> {
    return (this.#entries ??= new Map(this.#read()));
  }

  set entries(entries: Map<string, TreeNode>) {
    this.#entries = entries;
  }

  static children(node: DirNode): Iterable<[name: string, node: TreeNode]> {
    if (#read in node && node.#entries === undefined) return node.#read();
    return [...node.entries].sort(([a], [b]) => compareNames(a, b));
  }
}

/**
 * What is in a directory, files and directories each in a commit's order. Only to be looked at: a change of a node may be
 * lost, see `LazyDirectory`.
 */
export function childrenOf(node: DirNode): Iterable<[name: string, node: TreeNode]> {
  return LazyDirectory.children(node);
}

/** The tree of a commit. Headers of files are loaded when they are first looked at. */
export function readTree(repo: Repo, rev: string): DirNode {
  const root = openTree(repo, rev);
  loadTree(root);
  return root;
}

/**
 * As `readTree`, but directories are read as they are looked at; what is wrong with them shows then.
 * @param asIs whether modifiers leave the tree alone (`commit --base`)
 */
export function openTree(repo: Repo, rev: string, asIs = false): DirNode {
  const { tree, meta } = repo.loadCommit(repo.resolve(rev));
  return openDirectory({ repo, asIs, metas: new Map() }, tree, meta, 0);
}

interface Opened {
  readonly repo: Repo;
  readonly asIs: boolean;
  /** Most directories of a tree have one of a few. */
  readonly metas: Map<Checksum, DirMeta>;
}

function openDirectory(from: Opened, tree: Checksum, meta: Checksum, depth: number): DirNode {
  const { repo, asIs, metas } = from;
  if (depth > directoryDepthLimit) throw ostreeError("corrupt-object", `dirtree ${tree}: directories nested too deep`);
  const mark = <Node extends TreeNode>(node: Node) => (asIs ? Object.assign(node, { asIs }) : node);
  const read = function* (): Generator<[string, TreeNode]> {
    const { files, dirs } = repo.loadDirTree(tree);
    for (const { name, checksum } of files) yield [name, mark(objectFile(repo, checksum))];
    for (const { name, tree, meta } of dirs) yield [name, openDirectory(from, tree, meta, depth + 1)];
  };
  const known = metas.get(meta) ?? repo.loadDirMeta(meta);
  metas.set(meta, known);
  return mark(new LazyDirectory(known, read));
}

/** Reads what was not read yet of a tree. */
export function loadTree(root: DirNode): void {
  for (const { node } of walkTree(root)) if (node.kind === "dir") void node.entries;
}

/** The node at `path` (`/usr/bin`), symbolic links not followed. */
export function findNode(root: DirNode, path: string): TreeNode | undefined {
  let node: TreeNode | undefined = root;
  for (const name of path.split("/").filter((part) => part !== "")) {
    if (node?.kind !== "dir") return undefined;
    node = node.entries.get(name);
  }
  return node;
}

/** Takes what is at `path` out of the tree; false when nothing is there. The root stays. */
export function removeNode(root: DirNode, path: string): boolean {
  const cut = path.lastIndexOf("/");
  const parent = findNode(root, path.slice(0, Math.max(0, cut)));
  return parent?.kind === "dir" && parent.entries.delete(path.slice(cut + 1));
}

export function newDirectory(mode = 0o755): DirNode {
  return { kind: "dir", meta: { uid: 0, gid: 0, mode: 0o040000 | mode, xattrs: [] }, entries: new Map() };
}

/** The directory at `path`, made with root's ownership and mode 0755 where it is missing. */
export function ensureDirectory(root: DirNode, path: string): DirNode {
  let directory = root;
  for (const name of path.split("/").filter((part) => part !== "")) {
    checkName(name, path);
    let next = directory.entries.get(name);
    if (next === undefined) directory.entries.set(name, (next = newDirectory()));
    if (next.kind !== "dir") throw ostreeError("not-a-directory", `${path}: ${name} is a file`);
    directory = next;
  }
  return directory;
}

/**
 * Lays `upper` over `lower`, which is changed: its directories are united, its files replaced, and a directory takes the
 * upper one's metadata (`commit --tree=A --tree=B`). A file never replaces a directory nor the reverse.
 */
export function overlayTree(lower: DirNode, upper: DirNode, path = ""): void {
  lower.meta = upper.meta;
  copyModified(upper, lower);
  for (const [name, node] of upper.entries) {
    const below = lower.entries.get(name);
    if (below && below.kind !== node.kind) {
      if (below.kind === "dir") {
        throw ostreeError("is-a-directory", `Can't replace directory with file: ${path}/${name}`);
      }
      throw ostreeError("not-a-directory", `Can't replace file with directory: ${path}/${name}`);
    }
    if (below?.kind === "dir" && node.kind === "dir") overlayTree(below, node, `${path}/${name}`);
    else lower.entries.set(name, node);
  }
}

function copyModified(from: DirNode, to: DirNode): void {
  delete to.asIs;
  delete to.override;
  if (from.asIs !== undefined) to.asIs = from.asIs;
  if (from.override !== undefined) to.override = from.override;
}

/** Every node with its path (`/` for the root), parents before children. */
export function* walkTree(root: TreeNode, path = ""): Generator<{ path: string; node: TreeNode }> {
  yield { path: path === "" ? "/" : path, node: root };
  if (root.kind !== "dir") return;
  for (const [name, node] of root.entries) yield* walkTree(node, `${path}/${name}`);
}
