// SPDX-License-Identifier: Apache-2.0
import type { ImageXattr } from "./xattrs.ts";

/** A byte string: one character, U+0000 to U+00FF, for each byte. `<` then orders as strcmp does, `length` is in bytes. */
export type ByteString = string & { readonly __brand: "ByteString" };

/** The bytes of `text` in UTF-8. */
export function byteString(text: string): ByteString {
  // oxlint-disable-next-line no-control-regex
  return (/^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text).toString("latin1")) as ByteString;
}

export const nodeType = {
  mask: 0o170000,
  regular: 0o100000,
  symlink: 0o120000,
  directory: 0o040000,
  blockDevice: 0o060000,
  characterDevice: 0o020000,
  fifo: 0o010000,
  socket: 0o140000,
} as const;

export interface DirectoryEntry {
  readonly name: ByteString;
  readonly node: ImageNode;
}

/** What is said of a file when its node is made. */
export interface NodeInfo {
  /** Full st_mode. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly xattrs: readonly { readonly name: string; readonly value: Uint8Array }[];
}

/**
 * A file of an image that is being made; its time is the epoch. The fields after `entries` are the writer's. One class for
 * both, for there are as many of these as files.
 */
export class ImageNode {
  mode: number;
  readonly uid: number;
  readonly gid: number;
  xattrs: ImageXattr[] = [];
  /** Bytes of a regular file or of a symlink's target. */
  size = 0;
  /** Number of a device node. */
  device = 0;
  /** Of a symlink its target; of a regular file without `content` the path of the file that has it. */
  payload: ByteString | undefined;
  /** fs-verity digest that the backing file must have. */
  digest: Uint8Array | undefined;
  /** Content that is in the image itself. */
  content: Uint8Array | undefined;
  /** Of a directory; in any order. */
  entries: DirectoryEntry[] | undefined;

  /** Place in the image, in units of 32 bytes. */
  nid = 0;
  links = 1;
  compact = false;
  /** Bytes before the inode. */
  padding = 0;
  xattrSize = 0;
  /** Whole blocks of data, and the bytes after the inode that hold the rest. */
  blocks = 0;
  tail = 0;

  constructor({ mode, uid, gid }: Omit<NodeInfo, "xattrs">) {
    this.mode = mode;
    this.uid = uid;
    this.gid = gid;
    if ((mode & nodeType.mask) === nodeType.directory) this.entries = [];
  }

  get type(): number {
    return this.mode & nodeType.mask;
  }
}
