// SPDX-License-Identifier: Apache-2.0
/** GUID partition tables, as the UEFI specification 2.10 section 5.3 defines them, for disks with 512-byte sectors. */
import { crc32 } from "node:zlib";
import { ByteReader, ByteWriter } from "../base/index.ts";
import { imageError } from "./errors.ts";
import { decodeGuid, encodeGuid } from "./guid.ts";

export const sectorSize = 512;

/** Partition types; the root type is the one that systemd's Discoverable Partitions Specification gives for x86-64. */
export const partitionTypes = {
  biosBoot: "21686148-6449-6e6f-744e-656564454649",
  efiSystem: "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
  rootX86_64: "4f68bce3-e8cd-4db1-96e7-fbcaf984b709",
} as const;

export interface Partition {
  readonly type: string;
  readonly id: string;
  readonly name: string;
  /** First and last sector, both belong to the partition. */
  readonly first: number;
  readonly last: number;
}

export interface PartitionTable {
  readonly diskId: string;
  /** Size of the whole disk. */
  readonly sectors: number;
  readonly partitions: readonly Partition[];
}

const signature = "EFI PART";
const revision = 0x00010000;
const headerSize = 92;
const entryCount = 128;
const entrySize = 128;
const entrySectors = (entryCount * entrySize) / sectorSize;
const nameUnits = 36;
export const firstUsable = 2 + entrySectors;

/** Last sector that a partition may use: behind it are the backup entries and the backup header. */
export function lastUsable(sectors: number): number {
  return sectors - entrySectors - 2;
}

/** The bytes of a table: `start` goes to sector 0, `end` fills the disk's last sectors. */
export function encodeGpt(table: PartitionTable): { start: Buffer; end: Buffer } {
  checkTable(table);
  const entries = encodeEntries(table.partitions);
  const last = table.sectors - 1;
  const primary = encodeHeader(table, entries, { here: 1, other: last, entries: 2 });
  const backup = encodeHeader(table, entries, { here: last, other: 1, entries: last - entrySectors });
  return {
    start: Buffer.concat([protectiveMbr(table.sectors), primary, entries]),
    end: Buffer.concat([entries, backup]),
  };
}

function checkTable({ sectors, partitions }: PartitionTable): void {
  let free = firstUsable;
  for (const { first, last, name } of partitions) {
    if (first < free || last < first || last > lastUsable(sectors)) {
      throw new Error(`partition ${name}: sectors ${first} to ${last} do not fit`);
    }
    free = last + 1;
  }
}

/** One partition of type 0xEE over the whole disk keeps tools that know no GPT away (section 5.2.3). */
function protectiveMbr(sectors: number): Buffer {
  const mbr = Buffer.alloc(sectorSize);
  const entry = mbr.subarray(446, 462);
  Buffer.from([0x00, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff]).copy(entry);
  entry.writeUInt32LE(1, 8);
  entry.writeUInt32LE(Math.min(sectors - 1, 0xffffffff), 12);
  mbr.writeUInt16LE(0xaa55, 510);
  return mbr;
}

function encodeEntries(partitions: readonly Partition[]): Buffer {
  const writer = new ByteWriter();
  for (const partition of partitions) {
    writer.put(encodeGuid(partition.type)).put(encodeGuid(partition.id));
    writer.u64(BigInt(partition.first), true).u64(BigInt(partition.last), true).u64(0n, true);
    const name = Buffer.from(partition.name.slice(0, nameUnits), "utf16le");
    writer.put(name).zeros(nameUnits * 2 - name.length);
  }
  return writer.zeros((entryCount - partitions.length) * entrySize).done();
}

function encodeHeader(
  table: PartitionTable,
  entries: Buffer,
  place: { here: number; other: number; entries: number },
): Buffer {
  const writer = new ByteWriter().put(Buffer.from(signature)).u32(revision, true).u32(headerSize, true).zeros(8);
  writer.u64(BigInt(place.here), true).u64(BigInt(place.other), true);
  writer.u64(BigInt(firstUsable), true).u64(BigInt(lastUsable(table.sectors)), true);
  writer.put(encodeGuid(table.diskId)).u64(BigInt(place.entries), true);
  writer.u32(entryCount, true).u32(entrySize, true).u32(crc32(entries), true);
  const header = writer.zeros(sectorSize - headerSize).done();
  header.writeUInt32LE(crc32(header.subarray(0, headerSize)), 16);
  return header;
}

/**
 * Reads the primary table.
 * @param start the disk's first 34 sectors
 * @param sectors size of the disk
 */
export function decodeGpt(start: Uint8Array, sectors: number): PartitionTable {
  const reader = new ByteReader(start, "partition table");
  reader.skip(sectorSize);
  const header = Buffer.from(reader.take(sectorSize));
  const fields = new ByteReader(header, "partition table header");
  if (Buffer.from(fields.take(8)).toString("latin1") !== signature) throw imageError("not-gpt", "no GPT signature");
  const stored = header.readUInt32LE(16);
  header.writeUInt32LE(0, 16);
  if (crc32(header.subarray(0, headerSize)) !== stored) throw imageError("not-gpt", "wrong header checksum");
  fields.seek(56);
  const diskId = decodeGuid(fields.take(16));
  const [lba, count, size, sum] = [fields.u64(true), fields.u32(true), fields.u32(true), fields.u32(true)];
  // Other shapes are allowed by the specification but made by nobody; this refuses announced sizes out of reason.
  if (lba !== 2n || count !== entryCount || size !== entrySize) throw imageError("not-gpt", "unusual entry array");
  const entries = reader.take(entryCount * entrySize);
  if (crc32(entries) !== sum) throw imageError("not-gpt", "wrong checksum of the entries");
  return { diskId, sectors, partitions: decodeEntries(entries) };
}

function decodeEntries(entries: Uint8Array): Partition[] {
  const reader = new ByteReader(entries, "partition entries");
  const partitions: Partition[] = [];
  while (reader.remaining > 0) {
    const type = reader.take(16);
    const id = decodeGuid(reader.take(16));
    const [first, last] = [Number(reader.u64(true)), Number(reader.u64(true))];
    reader.skip(8);
    const name = Buffer.from(reader.take(nameUnits * 2))
      .toString("utf16le")
      .replace(/\0.*$/s, "");
    if (type.some((byte) => byte !== 0)) partitions.push({ type: decodeGuid(type), id, name, first, last });
  }
  return partitions;
}
