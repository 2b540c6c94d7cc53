// SPDX-License-Identifier: Apache-2.0
import type { Xattr } from "../base/index.ts";
import type { Variant } from "../formats/index.ts";
import { ostreeError } from "./errors.ts";

/** SHA-256 of an object, as 64 lowercase hexadecimal digits. */
export type Checksum = string & { readonly __brand: "Checksum" };

const checksumPattern = /^[0-9a-f]{64}$/;

export function isChecksum(text: string): text is Checksum {
  return checksumPattern.test(text);
}

export function asChecksum(text: string): Checksum {
  if (!isChecksum(text)) throw ostreeError("bad-checksum", `${JSON.stringify(text.slice(0, 100))} is not a checksum`);
  return text;
}

/** @param bytes 32 bytes */
export function checksumFromBytes(bytes: Uint8Array, what: string): Checksum {
  if (bytes.length !== 32) throw ostreeError("bad-checksum", `${what}: a checksum of ${bytes.length} bytes`);
  return Buffer.from(bytes.buffer, bytes.byteOffset, 32).toString("hex") as Checksum;
}

export type RepoMode = "archive" | "bare" | "bare-user" | "bare-user-only" | "bare-split-xattrs";

/**
 * `payload-link` is a symbolic link from the checksum of a file's content alone to an object with it. In
 * `bare-split-xattrs`, `file-xattrs` are attribute lists by their own checksum, and `file-xattrs-link` hard links to these
 * by the checksum of the file that has them.
 */
export type ObjectType =
  | "file"
  | "dirtree"
  | "dirmeta"
  | "commit"
  | "commitmeta"
  | "tombstone-commit"
  | "payload-link"
  | "file-xattrs"
  | "file-xattrs-link";

/** Types whose object is one GVariant. */
export type MetadataType = "dirtree" | "dirmeta" | "commit" | "commitmeta" | "tombstone-commit";

/** libostree's OstreeObjectType numbers, in the order used by deltas and size entries. */
export const objectTypeNumbers: Readonly<Record<ObjectType, number>> = {
  file: 1,
  dirtree: 2,
  dirmeta: 3,
  commit: 4,
  "tombstone-commit": 5,
  commitmeta: 6,
  "payload-link": 7,
  "file-xattrs": 8,
  "file-xattrs-link": 9,
};

/** What a content object says of its file besides the content. */
export interface FileHeader {
  readonly uid: number;
  readonly gid: number;
  /** Full st_mode: type and permissions. */
  readonly mode: number;
  /** Target of a symbolic link, "" for a regular file. */
  readonly symlink: string;
  readonly xattrs: readonly Xattr[];
}

export interface DirMeta {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly xattrs: readonly Xattr[];
}

/** Entries of one directory, in the order of the object: sorted by name as strcmp does. */
export interface DirTree {
  readonly files: readonly { readonly name: string; readonly checksum: Checksum }[];
  readonly dirs: readonly { readonly name: string; readonly tree: Checksum; readonly meta: Checksum }[];
}

export interface Commit {
  readonly metadata: ReadonlyMap<string, Variant>;
  readonly parent?: Checksum;
  readonly subject: string;
  readonly body: string;
  /** Seconds since 1970. */
  readonly timestamp: bigint;
  /** Root directory: its dirtree and dirmeta. */
  readonly tree: Checksum;
  readonly meta: Checksum;
}

export const fileType = { mask: 0o170000, regular: 0o100000, symlink: 0o120000, directory: 0o040000 } as const;

export function isSymlinkMode(mode: number): boolean {
  return (mode & fileType.mask) === fileType.symlink;
}

/** OSTREE_MAX_METADATA_SIZE: a larger metadata object would let a repository exhaust our memory. */
export const metadataLimit = 128 << 20;
/** OSTREE_MAX_RECURSION: deeper directories would exhaust the stack. */
export const directoryDepthLimit = 256;

/** Order of strcmp on the UTF-8 forms: by code point, where JavaScript's `<` goes by UTF-16 unit. */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return codePointRank(left) - codePointRank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all other units. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Whether `name` can be an entry of a directory (ot_util_filename_validate). */
export function isValidName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !name.includes("/") && !name.includes("\0");
}

export function checkName(name: string, what: string): void {
  if (isValidName(name)) return;
  const problem = name.includes("/") ? `Invalid / in filename ${name}` : `Invalid filename ${JSON.stringify(name)}`;
  throw ostreeError("bad-name", `${what}: ${problem}`);
}
