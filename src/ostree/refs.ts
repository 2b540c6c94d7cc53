// SPDX-License-Identifier: Apache-2.0
/** Refs are files below `refs/heads`, `refs/remotes/REMOTE` and `refs/mirrors/COLLECTION` that hold a checksum (ostree-repo-refs.c). */
import { mkdirSync, readdirSync, renameSync, rmdirSync, symlinkSync, utimesSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  isErrno,
  listDirectory,
  readTextIfExists,
  removeIfExists,
  temporaryName,
  unlessErrno,
  writeFileAtomic,
} from "../base/index.ts";
import { ostreeError } from "./errors.ts";
import { type Checksum, isChecksum } from "./model.ts";

/** A ref's place: a local one has neither remote nor collection, and none has both. */
export interface RefSpec {
  readonly remote?: string;
  /** The ref is a mirrored one of that collection. */
  readonly collection?: string;
  readonly ref: string;
}

/** OSTREE_REF_FRAGMENT_REGEXP: no part may begin with a dot or dash. */
const fragment = String.raw`\w[-.\w]*`;
const fragmentPattern = new RegExp(`^${fragment}$`);
const refNamePattern = new RegExp(`^${fragment}(?:/${fragment})*$`);
const refPattern = new RegExp(`^(?:(${fragment}):)?(${fragment}(?:/${fragment})*)$`);

export function parseRefSpec(text: string): RefSpec {
  const match = refPattern.exec(text);
  if (!match?.[2]) throw ostreeError("bad-ref", `Invalid refspec ${text}`);
  return match[1] === undefined ? { ref: match[2] } : { remote: match[1], ref: match[2] };
}

/** ostree_validate_rev: the name of a ref without remote. */
export function checkRefName(text: string): string {
  if (refNamePattern.test(text)) return text;
  throw ostreeError("bad-ref", `Invalid ref name ${text}`);
}

/** Whether the name of a file in a directory of refs can be a part of a ref's name. */
export function isRefFragment(name: string): boolean {
  return fragmentPattern.test(name);
}

export function formatRefSpec({ remote, collection, ref }: RefSpec): string {
  if (collection !== undefined) return `(${collection}, ${ref})`;
  return remote === undefined ? ref : `${remote}:${ref}`;
}

/** The directory that holds the refs of a local, remote or collection namespace. */
export function refDirectory(repo: string, { remote, collection }: Omit<RefSpec, "ref">): string {
  if (collection !== undefined) return join(repo, "refs/mirrors", collection);
  return remote === undefined ? join(repo, "refs/heads") : join(repo, "refs/remotes", remote);
}

function refPath(repo: string, spec: RefSpec): string {
  return join(refDirectory(repo, spec), spec.ref);
}

export function parseRefFile(text: string, path: string): Checksum {
  const checksum = text.trimEnd();
  if (!isChecksum(checksum)) throw ostreeError("bad-checksum", `${path} holds no checksum`);
  return checksum;
}

function readRefFile(path: string): Checksum | undefined {
  const text = unlessErrno(["ENOTDIR", "EISDIR"], () => readTextIfExists(path));
  return text === undefined ? undefined : parseRefFile(text, path);
}

/** The commit of exactly this ref. */
export function readOwnRef(repo: string, spec: RefSpec): Checksum | undefined {
  return readRefFile(refPath(repo, spec));
}

/** The commit of a ref. A name without remote is also sought as `REMOTE/REF` and in all remotes (resolve_refspec). */
export function readRef(repo: string, spec: RefSpec): Checksum | undefined {
  const found = readOwnRef(repo, spec);
  if (found !== undefined || spec.remote !== undefined || spec.collection !== undefined) return found;
  const remotes = join(repo, "refs/remotes");
  const places = [join(remotes, spec.ref), ...listDirectory(remotes).map((remote) => join(remotes, remote, spec.ref))];
  for (const place of places) {
    const checksum = readRefFile(place);
    if (checksum !== undefined) return checksum;
  }
  return undefined;
}

export interface WriteRefOptions {
  /** Flush it to the disk. */
  readonly durable: boolean;
  /** A directory on the same file system that somebody cleans; default: the repository's `tmp`. */
  readonly temporaryDirectory?: string;
}

/** Writes a ref, or removes it when `checksum` is undefined. */
export function writeRef(repo: string, spec: RefSpec, checksum: Checksum | undefined, options: WriteRefOptions): void {
  const path = refPath(repo, spec);
  if (checksum === undefined) unlessErrno(["ENOTDIR"], () => removeIfExists(path));
  else writeRefFile(path, spec, checksum, { temporaryDirectory: join(repo, "tmp"), ...options });
  touchRepo(repo);
}

function writeRefFile(path: string, spec: RefSpec, checksum: Checksum, options: WriteRefOptions): void {
  if (isChecksum(spec.ref)) throw ostreeError("bad-ref", `Rev name '${spec.ref}' looks like a checksum`);
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileAtomic(path, `${checksum}\n`, options);
  } catch (error) {
    if (isErrno(error, "EISDIR", "ENOTEMPTY")) replaceDirectory(path, spec, checksum, options);
    else if (isErrno(error, "ENOTDIR", "EEXIST")) throw conflict(spec, error);
    else throw error;
  }
}

/**
 * Makes a local ref that stands for another local one: a relative symbolic link, which follows when that moves
 * (ostree_repo_set_alias_ref_immediate).
 */
export function writeAlias(repo: string, ref: string, target: string): void {
  const path = refPath(repo, { ref });
  mkdirSync(dirname(path), { recursive: true });
  const temporary = temporaryName(dirname(path));
  symlinkSync(`${"../".repeat(ref.split("/").length - 1)}${target}`, temporary);
  renameSync(temporary, path);
  touchRepo(repo);
}

/** Watchers look at the time of the repository's directory (_ostree_repo_update_mtime). */
function touchRepo(repo: string): void {
  const now = Date.now() / 1000;
  utimesSync(repo, now, now);
}

function conflict(spec: RefSpec, cause: unknown) {
  const message = `Conflict: ref ${formatRefSpec(spec)} and another ref are a part of each other's name`;
  return ostreeError("bad-ref", message, { cause });
}

/** `a` can be written where `a/b` was deleted, which leaves the directory `a`. */
function replaceDirectory(path: string, spec: RefSpec, checksum: Checksum, options: WriteRefOptions): void {
  removeEmptyDirectories(path, spec);
  writeFileAtomic(path, `${checksum}\n`, options);
}

function removeEmptyDirectories(path: string, spec: RefSpec): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (!entry.isDirectory()) throw conflict(spec, undefined);
    removeEmptyDirectories(join(path, entry.name), spec);
  }
  rmdirSync(path);
}
