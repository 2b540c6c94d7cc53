// SPDX-License-Identifier: Apache-2.0
/** The decoders of static deltas: all that a superblock and its parts can bring. */
import { hash } from "node:crypto";
import { xzContentSize, xzDecode } from "../../src/base/index.ts";
import { bspatch } from "../../src/ostree/delta/bspatch.ts";
import { executePart, type ObjectStore } from "../../src/ostree/delta/execute.ts";
import {
  decodeDeltaIndex,
  decodeSignedDelta,
  decodeSuperblock,
  encodeDeltaIndex,
  encodeObjects,
  encodeSignedDelta,
  encodeSuperblock,
  objectAt,
  objectCount,
} from "../../src/ostree/delta/format.ts";
import { countOperations } from "../../src/ostree/delta/operations.ts";
import { encodePartPayload, openPartPayload } from "../../src/ostree/delta/part-format.ts";
import { asChecksum, type Checksum, encodeDirMeta, encodeFileHeader } from "../../src/ostree/index.ts";
import { verifyMetadata } from "../../src/ostree/verify-object.ts";
import type { FuzzTarget } from "./targets.ts";

const one = asChecksum("1".repeat(64));
const sum = (bytes: Uint8Array) => hash("sha256", bytes) as Checksum;

/** Old content, a patch as bsdiff writes them, and what comes of it. */
const old = Buffer.from("the old content of a file that changes in one word\n".repeat(8));
const step = (added: number, taken: number, skipped: bigint) => {
  const control = Buffer.alloc(24);
  control.writeBigUInt64LE(BigInt(added), 0);
  control.writeBigUInt64LE(BigInt(taken), 8);
  control.writeBigUInt64LE(skipped < 0n ? -skipped | (1n << 63n) : skipped, 16);
  return control;
};
const patch = Buffer.concat([
  step(20, 3, -10n),
  Buffer.alloc(20),
  Buffer.from("new"),
  step(30, 0, 5n),
  Buffer.alloc(30, 1),
]);
const patched = Buffer.alloc(53);
bspatch(old, patch, patched);

const dirmeta = encodeDirMeta({ uid: 0, gid: 0, mode: 0o040755, xattrs: [] });
const header = { uid: 0, gid: 0, mode: 0o100644, symlink: "", xattrs: [{ name: "user.a", value: Buffer.from("b") }] };
const fileSum = (content: Uint8Array) => sum(Buffer.concat([encodeFileHeader(header), content]));
const link = { ...header, mode: 0o120777, symlink: "target" };
const data = Buffer.concat([dirmeta, Buffer.from(sum(old), "hex"), Buffer.from("target"), patch]);
/** Places in the data, each below 128: one byte in the instructions. */
const at = { checksum: dirmeta.length, target: dirmeta.length + 32, patch: dirmeta.length + 38 };

const objects = encodeObjects([
  { type: "dirmeta", checksum: sum(dirmeta) },
  { type: "file", checksum: fileSum(patched) },
  { type: "file", checksum: fileSum(old.subarray(10, 50)) },
  { type: "file", checksum: sum(encodeFileHeader(link)) },
]);
const letters = (text: string) => text.charCodeAt(0);
/** One line for each object of the part. */
const operations = Buffer.concat([
  Buffer.of(letters("S"), dirmeta.length, 0),
  Buffer.of(
    letters("o"),
    0,
    0,
    patched.length,
    letters("r"),
    at.checksum,
    letters("B"),
    at.patch,
    patch.length,
    letters("c"),
  ),
  Buffer.of(
    letters("o"),
    0,
    0,
    40,
    letters("r"),
    at.checksum,
    letters("w"),
    30,
    10,
    letters("w"),
    10,
    40,
    letters("c"),
  ),
  Buffer.of(letters("S"), 1, 0, 6, at.target),
]);
const payload = encodePartPayload({
  modes: [header, link].map(({ uid, gid, mode }) => ({ uid, gid, mode })),
  xattrs: [header.xattrs],
  data: [data],
  operations,
});
const usize = 1 << 16;

/** Keeps nothing; every read source is the same. */
const store: ObjectStore = {
  has: () => false,
  storeMetadata: ({ type, checksum }, bytes) => verifyMetadata(type, checksum, bytes),
  storeContent: () => {},
  openSource: () => ({ bytes: old, [Symbol.dispose]: () => {} }),
  makeSpace: (size) => ({ bytes: Buffer.alloc(size), [Symbol.dispose]: () => {} }),
};

const superblock = encodeSuperblock({
  metadata: new Map([["key", { type: "s", value: "value" }]]),
  timestamp: 1n,
  from: one,
  to: one,
  commit: Buffer.alloc(40),
  parts: [{ version: 0, checksum: one, size: 100, usize: 200, objects }],
  fallbacks: [{ type: "file", checksum: one, size: 5, usize: 6 }],
  endianness: "l",
});

function readSuperblock(bytes: Buffer): void {
  const inner = decodeSignedDelta(bytes, "fuzz")?.superblock ?? bytes;
  for (const part of decodeSuperblock(inner, "fuzz").parts) {
    for (let index = 0; index < objectCount(part.objects); index++) objectAt(part.objects, index);
  }
}

export const deltaTargets: readonly FuzzTarget[] = [
  {
    name: "delta-superblock",
    remote: true,
    seeds: [superblock, encodeSignedDelta({ superblock, signatures: new Map() })],
    run: readSuperblock,
  },
  {
    name: "delta-index",
    remote: true,
    seeds: [encodeDeltaIndex(new Map([[one, Buffer.alloc(32)]]))],
    run: (bytes) => void decodeDeltaIndex(bytes, "fuzz"),
  },
  {
    name: "delta-part",
    remote: true,
    seeds: [payload],
    run: (bytes) => void executePart({ objects, usize, to: one }, openPartPayload(bytes, "fuzz"), store),
  },
  {
    name: "delta-operations",
    remote: true,
    seeds: [operations],
    // The objects are not checked, so that what follows a wrong one is reached as well.
    run: (bytes) =>
      void countOperations(bytes, objectCount(objects), (index) => objectAt(objects, index).type !== "file"),
  },
  { name: "bspatch", remote: true, seeds: [patch], run: (bytes) => bspatch(old, bytes, Buffer.alloc(patched.length)) },
];

/** A part's compression, decoded as deltas are: into room of the announced size. */
export function decodeXzPart(bytes: Buffer, limit: number): void {
  const size = xzContentSize(bytes, "fuzz");
  if (size <= limit) xzDecode(bytes, Buffer.allocUnsafe(size), 100 << 20, "fuzz");
}
