// SPDX-License-Identifier: Apache-2.0
/** Deltas as they lie on a disk: a directory with the file `superblock` and parts beside it, or one file. */
import { closeSync, openSync, fstatSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isErrno, mapFile } from "../../base/index.ts";
import type { Variant } from "../../formats/index.ts";
import { deltaPath } from "../delta-names.ts";
import { ostreeError } from "../errors.ts";
import { storeHas, type Store } from "../store-content.ts";
import {
  decodeSignedDelta,
  decodeSuperblock,
  objectAt,
  objectCount,
  type PartHeader,
  type Superblock,
} from "./format.ts";
import type { PartSource } from "./open-part.ts";

/** Superblocks above this size, as inline parts can make them, are not read into memory. */
const memoryLimit = 256 << 20;

/** A delta that was opened. Bytes in it are not to be used after disposal. */
export interface OpenedDelta extends Disposable {
  /** Of the file with the superblock. */
  readonly path: string;
  readonly superblock: Superblock;
  /** What is signed. */
  readonly superblockBytes: Uint8Array;
  /** Keys `ostree.sign.TYPE`; absent when the delta is not signed. */
  readonly signatures?: ReadonlyMap<string, Variant>;
  /** Where a part is. */
  part(index: number): { readonly source: PartSource; readonly inline: boolean };
}

/** @param path of a directory with a superblock, or of a superblock file */
export function openDelta(path: string): OpenedDelta {
  return openSuperblock(isDirectory(path) ? join(path, "superblock") : path);
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
    throw ostreeError("no-such-delta", `openat(O_DIRECTORY): No such file or directory: ${path}`);
  }
}

/** Opens the file of a superblock, signed or not. */
export function openSuperblock(path: string): OpenedDelta {
  const file = readOrMap(path);
  try {
    const what = basename(path);
    const signed = decodeSignedDelta(file.bytes, what);
    const superblockBytes = signed?.superblock ?? file.bytes;
    const superblock = decodeSuperblock(superblockBytes, what);
    return {
      path,
      superblock,
      superblockBytes,
      ...(signed ? { signatures: signed.signatures } : {}),
      part: (index) => findPart(superblock, index, path, file.bytes),
      [Symbol.dispose]: () => file[Symbol.dispose](),
    };
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

function readOrMap(path: string): { readonly bytes: Uint8Array } & Disposable {
  const fd = openSync(path, "r");
  try {
    const { size } = fstatSync(fd);
    return size > memoryLimit ? mapFile(fd, size) : { bytes: readFileSync(fd), [Symbol.dispose]: () => {} };
  } finally {
    closeSync(fd);
  }
}

function findPart(superblock: Superblock, index: number, path: string, file: Uint8Array) {
  const inline = inlinePart(superblock, index);
  if (!inline) return { source: { path: join(dirname(path), String(index)) }, inline: false };
  return {
    source: { path, range: { offset: inline.byteOffset - file.byteOffset, length: inline.length } },
    inline: true,
  };
}

/** The bytes of an inline part, as its file would have them. */
export function inlinePart(superblock: Superblock, index: number): Uint8Array | undefined {
  const found = superblock.metadata.get(deltaPath(superblock, String(index)));
  if (found?.type !== "(yay)") return undefined;
  const [, body] = found.value as [number, Uint8Array];
  // The compression stands before the body: no padding, no framing offset.
  return new Uint8Array(body.buffer, body.byteOffset - 1, body.length + 1);
}

/** Detached metadata of the commit, when the delta brings some. */
export function detachedMetadata(superblock: Superblock): ReadonlyMap<string, Variant> | undefined {
  const found = superblock.metadata.get(deltaPath(superblock, "commitmeta"));
  return found?.type === "a{sv}" ? (found.value as ReadonlyMap<string, Variant>) : undefined;
}

/** Whether every object of a part is here already (_ostree_repo_static_delta_part_have_all_objects). */
export function hasAllObjects({ objects }: PartHeader, store: Store): boolean {
  for (let index = 0; index < objectCount(objects); index++) {
    const { checksum, type } = objectAt(objects, index);
    if (!storeHas(store, checksum, type)) return false;
  }
  return true;
}
