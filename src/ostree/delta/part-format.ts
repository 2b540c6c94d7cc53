// SPDX-License-Identifier: Apache-2.0
/** Part files of static deltas: `(yay)`, compression and payload `(a(uuu)aa(ayay)ayay)` (ostree-repo-static-delta-private.h). */
import type { Xattr } from "../../base/index.ts";
import {
  gvariantItems,
  type GVariantItems,
  gvariantMembers,
  readGVariant,
  writeGVariant,
} from "../../formats/index.ts";
import { ostreeError } from "../errors.ts";
import { checkXattrOrder, swap32, xattrsFromVariant, xattrsToVariant } from "../file-object.ts";

/** OSTREE_DELTAPART_VERSION: the newest that is understood. */
export const partVersion = 0;

/** First byte of a part file. */
export const partCompression = { none: 0, xz: 0x78 } as const;

/** Numbers of the instructions (OstreeStaticDeltaOpCode). */
export const opcodes = {
  openSpliceAndClose: 0x53, // S
  open: 0x6f, // o
  write: 0x77, // w
  setReadSource: 0x72, // r
  unsetReadSource: 0x52, // R
  close: 0x63, // c
  bspatch: 0x42, // B
} as const;

/** Owner and mode of a content object, as instructions refer to them by number. */
export interface PartMode {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** OSTREE_STATIC_DELTA_PART_PAYLOAD_FORMAT_V0 */
const payloadType = "(a(uuu)aa(ayay)ayay)";
const modeType = "(uuu)";
const xattrsType = "a(ayay)";

export interface PartPayload {
  readonly modes: readonly PartMode[];
  readonly xattrs: readonly (readonly Xattr[])[];
  /** What instructions take bytes from: content, patches, checksums of read sources. One after the other. */
  readonly data: readonly Uint8Array[];
  readonly operations: Uint8Array;
}

/** The payload of a part, without compression: written once, in one piece of memory that is nothing else's. */
export function encodePartPayload({ modes, xattrs, data, operations }: PartPayload): Buffer {
  const modeTable = writeGVariant(
    `a${modeType}`,
    modes.map(({ uid, gid, mode }) => [swap32(uid), swap32(gid), swap32(mode)]),
  );
  const xattrTable = writeGVariant(
    `a${xattrsType}`,
    xattrs.map((set) => xattrsToVariant(set)),
  );
  const dataEnd = data.reduce((sum, { length }) => sum + length, modeTable.length + xattrTable.length);
  const body = dataEnd + operations.length;
  // The last member needs no framing offset; those of the others stand in reverse.
  const size = framingOffsetSize(body, 3);
  const payload = Buffer.allocUnsafeSlow(body + 3 * size);
  let at = 0;
  for (const piece of [modeTable, xattrTable, ...data, operations]) {
    payload.set(piece, at);
    at += piece.length;
  }
  for (const end of [dataEnd, modeTable.length + xattrTable.length, modeTable.length]) {
    at = payload.writeUIntLE(end, at, size);
  }
  return payload;
}

/** Bytes of each of `count` framing offsets behind a body (GVariant specification 2.4.2). */
function framingOffsetSize(body: number, count: number): number {
  const size = [1, 2, 4].find((size) => body + count * size < 2 ** (8 * size));
  if (size === undefined) throw ostreeError("bad-option", `a part of ${body} bytes is too large`);
  return size;
}

/** A payload whose tables are read where instructions point at them: a table of a million entries costs nothing. */
export interface OpenedPayload {
  readonly modeCount: number;
  readonly xattrsCount: number;
  mode(index: number): PartMode;
  /** In order; no name twice, none empty. */
  xattrs(index: number): readonly Xattr[];
  readonly data: Uint8Array;
  readonly operations: Uint8Array;
}

/** Bytes are views of the input. @param what name of the input, for errors */
export function openPartPayload(bytes: Uint8Array, what: string): OpenedPayload {
  const [modes, xattrs, data, operations] = gvariantMembers(payloadType, bytes, what) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const modeItems = gvariantItems(modeType, modes, what);
  const xattrItems = gvariantItems(xattrsType, xattrs, what);
  return {
    modeCount: modeItems.count,
    xattrsCount: xattrItems.count,
    mode: (index) => readMode(modeItems, index, what),
    xattrs: remembered((index) => readXattrSet(xattrItems, index, what)),
    data,
    operations,
  };
}

function readMode(items: GVariantItems, index: number, what: string): PartMode {
  if (index >= items.count) throw ostreeError("corrupt-delta", `${what}: no mode ${index} of ${items.count}`);
  const [uid, gid, mode] = readGVariant(modeType, items.at(index), what) as [number, number, number];
  return { uid: swap32(uid), gid: swap32(gid), mode: swap32(mode) };
}

function readXattrSet(items: GVariantItems, index: number, what: string): Xattr[] {
  if (index >= items.count) throw ostreeError("corrupt-delta", `${what}: no attributes ${index} of ${items.count}`);
  const set = xattrsFromVariant(readGVariant(xattrsType, items.at(index), what), what);
  // Objects are hashed with their attributes in order (_ostree_file_header_new), however a delta lists them.
  const sorted = set.toSorted((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  checkXattrOrder(sorted, what);
  return sorted;
}

/** Sets that are remembered, at most: most files share a few. */
const rememberedLimit = 1024;

function remembered<T>(read: (index: number) => T): (index: number) => T {
  const known = new Map<number, T>();
  return (index) => {
    const found = known.get(index);
    if (found !== undefined) return found;
    const value = read(index);
    if (known.size < rememberedLimit) known.set(index, value);
    return value;
  };
}

/** Serialized `(yay)`: the second member needs no framing offset. */
export function encodePart(compression: number, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(compression), body]);
}
