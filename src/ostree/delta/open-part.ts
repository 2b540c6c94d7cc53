// SPDX-License-Identifier: Apache-2.0
/** From a part file to its payload (libostree _ostree_static_delta_part_open). */
import { hash } from "node:crypto";
import { closeSync, fstatSync, openSync } from "node:fs";
import { baseError, mapFile, readExactly, xzContentSize, xzDecode } from "../../base/index.ts";
import { ostreeError } from "../errors.ts";
import type { Checksum } from "../model.ts";
import type { PartBounds } from "./execute.ts";
import { inMemory, type Space } from "./space.ts";
import { objectCount } from "./format.ts";
import { partCompression } from "./part-format.ts";

/** OSTREE_LZMA_DECODER_MEMLIMIT: libostree's clients refuse dictionaries beyond it, so no publisher uses any. */
export const xzMemoryLimit = 100 << 20;

/** Part files up to this size are read; larger ones are mapped. */
const fileMemoryLimit = 64 << 20;

/** Payloads up to this size are held in memory: what parts have by default, with room for their instructions. */
export const payloadMemoryLimit = 48 << 20;

/** A file, or the place in a superblock's file where an inline part is. */
export interface PartSource {
  readonly path: string;
  readonly range?: { readonly offset: number; readonly length: number };
}

/**
 * The most that the payload of an honest part can have, by what its header declares. The worst way to make one byte is a
 * bsdiff step of 24 bytes of control and one of data; an object has 12 bytes of mode, less than 256 of instructions and
 * read sources, a link's target of 4 KiB, and attributes, of which the kernel lists 64 KiB at most (XATTR_LIST_MAX).
 */
export function payloadLimit({ objects, usize }: Pick<PartBounds, "objects" | "usize">): number {
  return usize * 25 + objectCount(objects) * (12 + 256 + 4096 + 65536) + 4096;
}

/**
 * Opens a part.
 * @param expected checksum of the part file; none for inline parts: the superblock's covers them
 * @param makeSpace gives room for the payload
 */
export function openPart(
  source: PartSource,
  expected: Checksum | undefined,
  bounds: Pick<PartBounds, "objects" | "usize">,
  makeSpace: (size: number) => Space,
  what: string,
): Space {
  const file = openFile(source);
  try {
    if (expected !== undefined) checkPart(file.bytes, expected);
    return openPayload(file, bounds, makeSpace, what);
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

function openFile({ path, range }: PartSource): Space {
  const fd = openSync(path, "r");
  try {
    const { offset, length } = range ?? { offset: 0, length: fstatSync(fd).size };
    if (length <= fileMemoryLimit) {
      const bytes = Buffer.allocUnsafeSlow(length);
      readExactly(fd, bytes, offset, path);
      return inMemory(bytes);
    }
    const map = mapFile(fd, offset + length);
    return { bytes: map.bytes.subarray(offset), [Symbol.dispose]: () => map[Symbol.dispose]() };
  } finally {
    closeSync(fd);
  }
}

function checkPart(bytes: Uint8Array, expected: Checksum): void {
  const actual = hash("sha256", bytes, "hex");
  if (actual === expected) return;
  const message = `Checksum mismatch in static delta part; expected=${expected} actual=${actual}`;
  throw ostreeError("corrupt-delta", message);
}

/** Takes `file` over: the payload may lie in it. */
function openPayload(
  file: Space,
  bounds: Pick<PartBounds, "objects" | "usize">,
  makeSpace: (size: number) => Space,
  what: string,
): Space {
  const [compression] = file.bytes;
  const body = file.bytes.subarray(1);
  if (compression === partCompression.none) {
    checkSize(body.length, bounds, what);
    return { bytes: body, [Symbol.dispose]: () => file[Symbol.dispose]() };
  }
  if (compression !== partCompression.xz) {
    throw ostreeError("corrupt-delta", `Invalid compression type '${compression ?? "none"}'`);
  }
  const payload = decodeXz(body, bounds, makeSpace, what);
  file[Symbol.dispose]();
  return payload;
}

/** The size is known, and refused, before anything is decompressed. */
function decodeXz(
  body: Uint8Array,
  bounds: Pick<PartBounds, "objects" | "usize">,
  makeSpace: (size: number) => Space,
  what: string,
): Space {
  try {
    const size = xzContentSize(body, what);
    checkSize(size, bounds, what);
    const space = makeSpace(size);
    xzDecode(body, space.bytes, xzMemoryLimit, what);
    return space;
  } catch (cause) {
    if (!baseError.is(cause, "damaged", "too-large", "truncated")) throw cause;
    throw ostreeError("corrupt-delta", cause.message, { cause });
  }
}

function checkSize(size: number, bounds: Pick<PartBounds, "objects" | "usize">, what: string): void {
  const limit = payloadLimit(bounds);
  if (size <= limit) return;
  throw ostreeError("corrupt-delta", `${what}: expands to ${size} bytes, for objects of ${bounds.usize} bytes`);
}
