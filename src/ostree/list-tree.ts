// SPDX-License-Identifier: Apache-2.0
import type { Xattr } from "../base/index.ts";
import { ostreeError } from "./errors.ts";
import { findInCommit, type FoundEntry } from "./find-path.ts";
import type { LoadedFile } from "./load-content.ts";
import { type Checksum, directoryDepthLimit } from "./model.ts";
import type { Repo } from "./repo.ts";

/** One line of `ostree ls`. */
export interface ListEntry {
  /** Absolute, as in the commit. */
  readonly path: string;
  readonly kind: "file" | "symlink" | "dir";
  /** Full st_mode. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes; 0 for anything but a regular file. */
  readonly size: number;
  /** Of the content object; of a directory, its dirtree. */
  readonly checksum: Checksum;
  /** Of a directory, its dirmeta. */
  readonly meta?: Checksum;
  readonly symlink?: string;
  readonly xattrs: readonly Xattr[];
}

/**
 * Lists what is at `path` in a commit, then what is below it: files before directories, as `ostree ls` does.
 * @param depth levels below: 0 none (`-d`), 1 as `ls`, Infinity as `ls -R`
 */
export function* listTree(repo: Repo, rev: string, path = "/", depth = 1): Generator<ListEntry> {
  const found = findInCommit(repo, repo.resolve(rev), path);
  const absolute = `/${path
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/")}`;
  yield* list(repo, found, absolute, depth, 0);
}

function* list(repo: Repo, entry: FoundEntry, path: string, depth: number, level: number): Generator<ListEntry> {
  if (entry.type === "file") {
    yield fileEntry(repo, entry.checksum, path);
    return;
  }
  if (level > directoryDepthLimit) throw ostreeError("corrupt-object", `dirtree ${entry.tree}: nested too deep`);
  yield { path, kind: "dir", size: 0, checksum: entry.tree, ...repo.loadDirMeta(entry.meta), meta: entry.meta };
  if (depth <= 0) return;
  const { files, dirs } = repo.loadDirTree(entry.tree);
  const base = path === "/" ? "" : path;
  for (const { name, checksum } of files) yield fileEntry(repo, checksum, `${base}/${name}`);
  for (const dir of dirs) yield* list(repo, { type: "dir", ...dir }, `${base}/${dir.name}`, depth - 1, level + 1);
}

function fileEntry(repo: Repo, checksum: Checksum, path: string): ListEntry {
  const { header, size } = repo.loadFile(checksum);
  const { uid, gid, mode, xattrs, symlink } = header;
  const common = { path, mode, uid, gid, size, checksum, xattrs };
  return symlink === "" ? { ...common, kind: "file" } : { ...common, kind: "symlink", symlink };
}

/** The file at `path` of a commit, for `ostree cat`; links inside the commit are followed. */
export function openInCommit(repo: Repo, rev: string, path: string): LoadedFile {
  const commit = repo.resolve(rev);
  let at = path;
  // The kernel's limit of links on the way (MAXSYMLINKS).
  for (let links = 0; links < 40; links++) {
    const found = findInCommit(repo, commit, at);
    if (found.type === "dir") throw ostreeError("is-a-directory", `Can't open directory ${at}`);
    const file = repo.loadFile(found.checksum);
    if (file.header.symlink === "") return file;
    at = resolveLink(at, file.header.symlink);
  }
  throw ostreeError("no-such-path", `${path}: too many symbolic links`);
}

function resolveLink(path: string, target: string): string {
  const start = target.startsWith("/") ? [] : path.split("/").slice(0, -1);
  const parts: string[] = [];
  for (const part of [...start, ...target.split("/")]) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
