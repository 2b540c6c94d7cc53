// SPDX-License-Identifier: Apache-2.0
/** The database of SUSE, `Packages.db`: rpm's lib/backend/ndb/rpmpkg.c. Slots of 16 bytes name blobs in blocks of 16 bytes. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { packageError } from "../../errors.ts";
import { decodeHeader, headerLimits, type RpmHeader } from "../header.ts";

const pageSize = 4096;
const blockSize = 16;
const slotSize = 16;
const magic = { file: "RpmP", slot: "Slot", head: "BlbS", tail: "BlbE" } as const;
const headSize = 16;
const tailSize = 12;
/** Pages of slots; each holds 256 packages. More would only be claimed to make us read long. */
const pageLimit = 4096;

interface Slot {
  readonly number: number;
  readonly block: number;
  readonly blocks: number;
}

/** The headers in the order of their numbers. Every offset and size is held against the file. Throws `packages-rpmdb`. */
export function* readNdbDatabase(path: string): Generator<RpmHeader, void, undefined> {
  const fd = openSync(path, "r");
  try {
    const fileSize = fstatSync(fd).size;
    for (const slot of readSlots(fd, fileSize, path)) {
      yield decodeHeader(readBlob(fd, slot, path), `${path}: package ${slot.number}`, { kind: "database" });
    }
  } finally {
    closeSync(fd);
  }
}

function damaged(path: string, why: string): Error {
  return packageError("rpmdb", `${path}: ${why}`);
}

function read(fd: number, offset: number, length: number, path: string): Buffer {
  const bytes = Buffer.alloc(length);
  if (readSync(fd, bytes, 0, length, offset) !== length) throw damaged(path, "ends too early");
  return bytes;
}

function readSlots(fd: number, fileSize: number, path: string): Slot[] {
  const header = read(fd, 0, 32, path);
  if (header.toString("latin1", 0, 4) !== magic.file) throw damaged(path, "is no database");
  const version = header.readUInt32LE(4);
  if (version !== 0) throw damaged(path, `is of version ${version}`);
  const pages = header.readUInt32LE(12);
  if (pages > pageLimit || pages * pageSize > fileSize) throw damaged(path, `claims ${pages} pages of slots`);
  const bytes = read(fd, 0, pages * pageSize, path);
  const slots: Slot[] = [];
  // The first two slots are the header.
  for (let at = 2 * slotSize; at < bytes.length; at += slotSize) {
    if (bytes.toString("latin1", at, at + 4) !== magic.slot) throw damaged(path, `has no slot at ${at}`);
    const [number, block, blocks] = [4, 8, 12].map((offset) => bytes.readUInt32LE(at + offset)) as [
      number,
      number,
      number,
    ];
    if (block === 0) continue;
    if (number === 0 || blocks === 0 || block * blockSize < bytes.length || (block + blocks) * blockSize > fileSize) {
      throw damaged(path, `the slot of package ${number} points outside of the data`);
    }
    slots.push({ number, block, blocks });
  }
  return slots.sort((a, b) => a.number - b.number);
}

function readBlob(fd: number, { number, block, blocks }: Slot, path: string): Buffer {
  const size = blocks * blockSize;
  if (size > headerLimits.data) throw damaged(path, `package ${number} has ${size} bytes`);
  const bytes = read(fd, block * blockSize, size, path);
  const length = bytes.readUInt32LE(12);
  const named = bytes.toString("latin1", 0, 4) === magic.head && bytes.readUInt32LE(4) === number;
  const fits = blocks === Math.ceil((headSize + length + tailSize) / blockSize);
  if (!named || !fits) throw damaged(path, `package ${number} does not start as one`);
  const tail = bytes.subarray(-tailSize);
  if (tail.toString("latin1", 8) !== magic.tail || tail.readUInt32LE(4) !== length) {
    throw damaged(path, `package ${number} does not end as one`);
  }
  if (adler32(bytes.subarray(0, -tailSize)) !== tail.readUInt32LE(0)) {
    throw damaged(path, `the check sum of package ${number} is wrong`);
  }
  return bytes.subarray(headSize, headSize + length);
}

/** RFC 1950 section 8.2. */
function adler32(bytes: Buffer): number {
  let a = 1;
  let b = 0;
  for (let start = 0; start < bytes.length; start += 3800) {
    for (const byte of bytes.subarray(start, start + 3800)) {
      a += byte;
      b += a;
    }
    a %= 65_521;
    b %= 65_521;
  }
  return ((b << 16) | a) >>> 0;
}
