// SPDX-License-Identifier: Apache-2.0
/** Editing of in-memory trees. Paths are relative to the root, without a leading slash; symlinks are not followed. */
import { readFileSync } from "node:fs";
import {
  type DirMeta,
  type DirNode,
  type FileHeader,
  type FileNode,
  findNode as lookup,
  type TreeNode,
} from "../ostree/index.ts";

export const plainDirectory: DirMeta = { uid: 0, gid: 0, mode: 0o040755, xattrs: [] };

export function makeDirectoryNode(meta: DirMeta = plainDirectory): DirNode {
  return { kind: "dir", meta, entries: new Map() };
}

export function makeFileNode(content: string | Uint8Array, permissions = 0o644): FileNode {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  const header = { uid: 0, gid: 0, mode: 0o100000 | permissions, symlink: "", xattrs: [] };
  return { kind: "file", header, source: { type: "bytes", bytes } };
}

export function makeSymlinkNode(target: string): FileNode {
  const header = { uid: 0, gid: 0, mode: 0o120777, symlink: target, xattrs: [] };
  return { kind: "file", header, source: { type: "bytes", bytes: Buffer.alloc(0) } };
}

export function withHeader(node: FileNode, header: FileHeader): FileNode {
  return { kind: "file", header, source: node.source };
}

/** A brand for the compiler only: a file node that is not a symlink is still a file node. */
export type SymlinkNode = FileNode & { readonly __symlink: true };

export function isSymlink(node: TreeNode | undefined): node is SymlinkNode {
  return node?.kind === "file" && node.header.symlink !== "";
}

/** Whether two files are one object of the repository: the same content, mode, owner and attributes. */
export function sameObject(a: FileNode, b: FileNode): boolean {
  return a.source.type === "object" && b.source.type === "object" && a.source.checksum === b.source.checksum;
}

function components(path: string): string[] {
  return path.split("/").filter((name) => name !== "");
}

export { lookup };

export function lookupDirectory(root: DirNode, path: string): DirNode | undefined {
  const node = lookup(root, path);
  return node?.kind === "dir" ? node : undefined;
}

export function lookupFile(root: DirNode, path: string): FileNode | undefined {
  const node = lookup(root, path);
  return node?.kind === "file" ? node : undefined;
}

/** How many symlinks one path may lead over: ELOOP's limit on Linux. */
const symlinkLimit = 40;

/**
 * The path that `path` stands for once symlinks are followed inside the tree; `undefined` for a loop. What does not
 * exist is taken as it is written.
 */
export function followSymlinks(root: DirNode, path: string): string | undefined {
  const waiting = components(path).reverse();
  const done: string[] = [];
  let links = 0;
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (name === ".") continue;
    if (name === "..") {
      done.pop();
      continue;
    }
    const node = lookup(root, [...done, name].join("/"));
    if (!isSymlink(node)) {
      done.push(name);
      continue;
    }
    if (++links > symlinkLimit) return undefined;
    if (node.header.symlink.startsWith("/")) done.length = 0;
    waiting.push(...components(node.header.symlink).reverse());
  }
  return done.join("/");
}

/** The directory at `path`, made with `meta` where missing; a file in the way is replaced. */
export function ensureDirectory(root: DirNode, path: string, meta: DirMeta = plainDirectory): DirNode {
  let node = root;
  for (const name of components(path)) {
    let next = node.entries.get(name);
    if (next?.kind !== "dir") {
      next = makeDirectoryNode(meta);
      node.entries.set(name, next);
    }
    node = next;
  }
  return node;
}

export function put(root: DirNode, path: string, node: TreeNode): void {
  const { parent, name } = split(path);
  ensureDirectory(root, parent).entries.set(name, node);
}

/** Takes a node out of the tree; `undefined` when there is none. */
export function take(root: DirNode, path: string): TreeNode | undefined {
  const { parent, name } = split(path);
  const directory = lookupDirectory(root, parent);
  const node = directory?.entries.get(name);
  directory?.entries.delete(name);
  return node;
}

export function move(root: DirNode, from: string, to: string): boolean {
  const node = take(root, from);
  if (node) put(root, to, node);
  return node !== undefined;
}

function split(path: string): { parent: string; name: string } {
  const names = components(path);
  const name = names.pop();
  if (name === undefined) throw new Error("the root of a tree cannot be replaced");
  return { parent: names.join("/"), name };
}

/** All nodes below `root`, directories before their entries. */
export function* walk(root: DirNode, prefix = ""): Generator<[path: string, node: TreeNode]> {
  for (const [name, node] of root.entries) {
    const path = prefix === "" ? name : `${prefix}/${name}`;
    yield [path, node];
    if (node.kind === "dir") yield* walk(node, path);
  }
}

export function readNode(node: FileNode): Buffer {
  const { source } = node;
  switch (source.type) {
    case "bytes":
      return Buffer.from(source.bytes);
    case "path":
      return readFileSync(source.path);
    case "object":
      return source.repo.loadFile(source.checksum).content();
  }
}

/** The content of a file; `undefined` for what is none, or a symlink. */
export function readPlainFile(root: DirNode, path: string): Buffer | undefined {
  const node = lookupFile(root, path);
  return node === undefined || isSymlink(node) ? undefined : readNode(node);
}

export function readText(root: DirNode, path: string): string | undefined {
  return readPlainFile(root, path)?.toString("utf8");
}

/** Whether two files are the same but for labels, which are given when the tree is committed. */
export function sameFile(a: FileNode, b: FileNode): boolean {
  if (sameObject(a, b)) return true;
  const key = ({ header: { uid, gid, mode, symlink, xattrs } }: FileNode) => {
    const own = xattrs.filter(({ name }) => name !== "security.selinux");
    return JSON.stringify([
      uid,
      gid,
      mode,
      symlink,
      own.map(({ name, value }) => [name, Buffer.from(value).toString("hex")]),
    ]);
  };
  return key(a) === key(b) && (isSymlink(a) || readNode(a).equals(readNode(b)));
}
