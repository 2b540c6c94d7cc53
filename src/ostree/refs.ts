// SPDX-License-Identifier: Apache-2.0
/** Refs are files below `refs/heads` and `refs/remotes/REMOTE` that hold a checksum (ostree-repo-refs.c). */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  isErrno,
  listDirectory,
  readTextIfExists,
  removeIfExists,
  unlessErrno,
  writeFileAtomic,
} from "../base/index.ts";
import { ostreeError } from "./errors.ts";
import { type Checksum, isChecksum } from "./model.ts";

/** A ref's place: a local one has no remote. */
export interface RefSpec {
  readonly remote?: string;
  readonly ref: string;
}

// ostree-core.c OSTREE_REF_REGEXP; stricter in that no part may begin with a dot or dash.
const refPattern = /^(?:([\w][-.\w]*):)?([\w][-.\w]*(?:\/[\w][-.\w]*)*)$/;

export function parseRefSpec(text: string): RefSpec {
  const match = refPattern.exec(text);
  if (!match?.[2]) throw ostreeError("bad-ref", `${JSON.stringify(text)} is not a ref`);
  return match[1] === undefined ? { ref: match[2] } : { remote: match[1], ref: match[2] };
}

export function formatRefSpec({ remote, ref }: RefSpec): string {
  return remote === undefined ? ref : `${remote}:${ref}`;
}

function refPath(repo: string, { remote, ref }: RefSpec): string {
  return remote === undefined ? join(repo, "refs/heads", ref) : join(repo, "refs/remotes", remote, ref);
}

function parseRefFile(text: string, path: string): Checksum {
  const checksum = text.trimEnd();
  if (!isChecksum(checksum)) throw ostreeError("bad-checksum", `${path} holds no checksum`);
  return checksum;
}

function readRefFile(path: string): Checksum | undefined {
  const text = unlessErrno(["ENOTDIR", "EISDIR"], () => readTextIfExists(path));
  return text === undefined ? undefined : parseRefFile(text, path);
}

/** The commit of a ref. A name without remote is also sought as `REMOTE/REF` and in all remotes (resolve_refspec). */
export function readRef(repo: string, spec: RefSpec): Checksum | undefined {
  const found = readRefFile(refPath(repo, spec));
  if (found !== undefined || spec.remote !== undefined) return found;
  const remotes = join(repo, "refs/remotes");
  const places = [join(remotes, spec.ref), ...listDirectory(remotes).map((remote) => join(remotes, remote, spec.ref))];
  for (const place of places) {
    const checksum = readRefFile(place);
    if (checksum !== undefined) return checksum;
  }
  return undefined;
}

/** All refs, sorted: `ref` and `remote:ref`. */
export function listRefs(repo: string): Map<string, Checksum> {
  const found: [string, Checksum][] = [];
  walkRefs(join(repo, "refs/heads"), "", (ref, checksum) => found.push([ref, checksum]));
  for (const remote of listDirectory(join(repo, "refs/remotes"))) {
    walkRefs(join(repo, "refs/remotes", remote), "", (ref, checksum) => found.push([`${remote}:${ref}`, checksum]));
  }
  return new Map(found);
}

function walkRefs(directory: string, prefix: string, found: (ref: string, checksum: Checksum) => void): void {
  const entries = unlessErrno(["ENOENT", "ENOTDIR"], () => readdirSync(directory)) ?? [];
  for (const name of entries.sort()) {
    const path = join(directory, name);
    // An alias is a symbolic link to another ref: stat follows it; a dangling one is no ref.
    const stat = unlessErrno(["ENOENT"], () => statSync(path));
    if (stat?.isDirectory()) walkRefs(path, `${prefix}${name}/`, found);
    // A file being written by another process has a temporary name, which is no ref's.
    else if (stat?.isFile() && refPattern.test(name))
      found(`${prefix}${name}`, parseRefFile(readFileSync(path, "utf8"), path));
  }
}

/** Writes a ref, or removes it when `checksum` is undefined. @param durable flush it to the disk */
export function writeRef(repo: string, spec: RefSpec, checksum: Checksum | undefined, durable: boolean): void {
  const path = refPath(repo, spec);
  if (checksum === undefined) {
    removeIfExists(path);
    return;
  }
  if (isChecksum(spec.ref)) throw ostreeError("bad-ref", `ref name ${spec.ref} looks like a checksum`);
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileAtomic(path, `${checksum}\n`, { durable });
  } catch (error) {
    if (isErrno(error, "EISDIR", "ENOTEMPTY")) replaceDirectory(path, spec, checksum, durable);
    else if (isErrno(error, "ENOTDIR", "EEXIST")) throw conflict(spec, error);
    else throw error;
  }
}

function conflict(spec: RefSpec, cause: unknown) {
  const message = `ref ${formatRefSpec(spec)} conflicts with a ref that is a part of its name`;
  return ostreeError("bad-ref", message, { cause });
}

/** `a` can be written where `a/b` was deleted, which leaves the directory `a`. */
function replaceDirectory(path: string, spec: RefSpec, checksum: Checksum, durable: boolean): void {
  removeEmptyDirectories(path, spec);
  writeFileAtomic(path, `${checksum}\n`, { durable });
}

function removeEmptyDirectories(path: string, spec: RefSpec): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (!entry.isDirectory()) throw conflict(spec, undefined);
    removeEmptyDirectories(join(path, entry.name), spec);
  }
  rmdirSync(path);
}
