// SPDX-License-Identifier: Apache-2.0
/** The tree in memory: what compose builds and `writeTree` writes. Nodes are plain and may be changed in place. */
import { ostreeError } from "./errors.ts";
import { type Checksum, checkName, type DirMeta, directoryDepthLimit, type FileHeader } from "./model.ts";
import type { Repo } from "./repo.ts";

export interface DirNode {
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
export interface FileNode {
  kind: "file";
  header: FileHeader;
  source: FileSource;
}

export type TreeNode = DirNode | FileNode;

/** A node whose header comes from its source and is read from there when first asked for. */
export type Origin =
  | { readonly type: "object"; readonly repo: Repo; readonly checksum: Checksum }
  | {
      readonly type: "disk";
      readonly path: string;
      readonly uid: number;
      readonly gid: number;
      readonly mode: number;
      readonly size: number;
      readonly xattrs: boolean;
    };

const origins = new WeakMap<FileNode, { readonly origin: Origin; readonly source: FileSource }>();

/** Where the header of `node` comes from, as long as neither header nor source were replaced. */
export function untouchedOrigin(node: FileNode): Origin | undefined {
  const found = origins.get(node);
  return found?.source === node.source ? found.origin : undefined;
}

/** A file node whose header is loaded on first use. */
export function lazyFile(source: FileSource, origin: Origin, load: () => FileHeader): FileNode {
  let known: FileHeader | undefined;
  const node: FileNode = {
    kind: "file",
    source,
    get header() {
      return (known ??= load());
    },
    set header(header: FileHeader) {
      known = header;
      origins.delete(node);
    },
  };
  origins.set(node, { origin, source });
  return node;
}

/** A file that a repository has, with the header that it has there. */
export function objectFile(repo: Repo, checksum: Checksum): FileNode {
  const source = { type: "object", repo, checksum } as const;
  return lazyFile(source, source, () => repo.loadHeader(checksum));
}

/** The tree of a commit. Headers of files are loaded when they are first looked at. */
export function readTree(repo: Repo, rev: string): DirNode {
  const { tree, meta } = repo.loadCommit(repo.resolve(rev));
  return readDirectory(repo, tree, meta, 0);
}

function readDirectory(repo: Repo, tree: Checksum, meta: Checksum, depth: number): DirNode {
  if (depth > directoryDepthLimit) throw ostreeError("corrupt-object", `dirtree ${tree}: directories nested too deep`);
  const { files, dirs } = repo.loadDirTree(tree);
  const entries = new Map<string, TreeNode>();
  for (const { name, checksum } of files) entries.set(name, objectFile(repo, checksum));
  for (const { name, tree, meta } of dirs) entries.set(name, readDirectory(repo, tree, meta, depth + 1));
  return { kind: "dir", meta: repo.loadDirMeta(meta), entries };
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
  for (const [name, node] of upper.entries) {
    const below = lower.entries.get(name);
    if (below && below.kind !== node.kind) {
      const message = `${path}/${name} is a directory in one tree and a file in the other`;
      throw ostreeError(below.kind === "dir" ? "is-a-directory" : "not-a-directory", message);
    }
    if (below?.kind === "dir" && node.kind === "dir") overlayTree(below, node, `${path}/${name}`);
    else lower.entries.set(name, node);
  }
}

/** Every node with its path (`/` for the root), parents before children. */
export function* walkTree(root: TreeNode, path = ""): Generator<{ path: string; node: TreeNode }> {
  yield { path: path === "" ? "/" : path, node: root };
  if (root.kind !== "dir") return;
  for (const [name, node] of root.entries) yield* walkTree(node, `${path}/${name}`);
}
