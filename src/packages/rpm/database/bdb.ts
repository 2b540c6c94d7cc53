// SPDX-License-Identifier: Apache-2.0
/**
 * The database of RHEL and CentOS up to 8, `Packages`: a hash table of Berkeley DB, read as it lies on the disk (db_page.h of
 * Berkeley DB 5.3; rpm's lib/backend/bdb_ro.cc). Keys are the packages' numbers, values their headers, mostly on chains of
 * overflow pages.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { packageError } from "../../errors.ts";
import { decodeHeader, headerLimits, type RpmHeader } from "../header.ts";

const hashMagic = 0x06_15_61;
const pageTypes = { unsortedHash: 2, overflow: 7, hash: 13 } as const;
const itemTypes = { keyData: 1, offPage: 3 } as const;
const pageHeader = 26;
/** Of an item that names a chain of pages: type, padding, first page, length. */
const offPageSize = 12;

interface Database {
  readonly fd: number;
  readonly path: string;
  /** Numbers are in the order of the machine that made the file. */
  readonly little: boolean;
  readonly pageSize: number;
  /** Besides the first, which describes the file. */
  readonly lastPage: number;
}

/** The headers in the order of their numbers. Every page and length is held against the file. Throws `packages-rpmdb`. */
export function* readBdbDatabase(path: string): Generator<RpmHeader, void, undefined> {
  const fd = openSync(path, "r");
  try {
    const database = openDatabase(fd, path);
    const items = [...listItems(database)].sort((a, b) => a.number - b.number);
    for (const { number, page, at, size } of items) {
      const bytes = readValue(database, readPage(database, page).subarray(at, at + size), number);
      yield decodeHeader(bytes, `${path}: package ${number}`, { kind: "database" });
    }
  } finally {
    closeSync(fd);
  }
}

function damaged({ path }: Pick<Database, "path">, why: string): Error {
  return packageError("rpmdb", `${path}: ${why}`);
}

function u16({ little }: Database, bytes: Buffer, at: number): number {
  return little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
}

function u32({ little }: Pick<Database, "little">, bytes: Buffer, at: number): number {
  return little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
}

function openDatabase(fd: number, path: string): Database {
  const head = Buffer.alloc(72);
  const { size } = fstatSync(fd);
  if (readSync(fd, head, 0, head.length, 0) !== head.length) throw damaged({ path }, "ends too early");
  const little = head.readUInt32LE(12) === hashMagic;
  if (!little && head.readUInt32BE(12) !== hashMagic) throw damaged({ path }, "is no hash table of Berkeley DB");
  const version = u32({ little }, head, 16);
  const pageSize = u32({ little }, head, 20);
  const lastPage = u32({ little }, head, 32);
  if (version < 8 || version > 10) throw damaged({ path }, `is of version ${version}`);
  // Encrypted, or with check sums that move what a page has: nobody makes rpm's database so.
  if (head[24] !== 0 || (head[26]! & 1) !== 0) throw damaged({ path }, "is encrypted or has check sums");
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) {
    throw damaged({ path }, `has pages of ${pageSize} bytes`);
  }
  if ((lastPage + 1) * pageSize > size) throw damaged({ path }, `claims ${lastPage + 1} pages`);
  return { fd, path, little, pageSize, lastPage };
}

function readPage(database: Database, page: number): Buffer {
  const { fd, pageSize, lastPage } = database;
  if (page < 1 || page > lastPage) throw damaged(database, `names page ${page} of ${lastPage}`);
  const bytes = Buffer.alloc(pageSize);
  if (readSync(fd, bytes, 0, pageSize, page * pageSize) !== pageSize) throw damaged(database, "ends too early");
  return bytes;
}

/** A package's value, as an item of a page. */
interface Item {
  readonly number: number;
  readonly page: number;
  readonly at: number;
  readonly size: number;
}

function* listItems(database: Database): Generator<Item, void, undefined> {
  for (let page = 1; page <= database.lastPage; page++) {
    const bytes = readPage(database, page);
    const type = bytes[25];
    if (type === pageTypes.hash || type === pageTypes.unsortedHash) yield* itemsOf(database, page, bytes);
  }
}

/** Keys and values take turns; the first item ends where the page ends, each other one where the one before begins. */
function* itemsOf(database: Database, page: number, bytes: Buffer): Generator<Item, void, undefined> {
  const count = u16(database, bytes, 20);
  const start = pageHeader + 2 * count;
  if (count % 2 !== 0 || start > bytes.length) throw damaged(database, `page ${page} claims ${count} items`);
  let end = bytes.length;
  let key: Buffer = Buffer.alloc(0);
  for (let index = 0; index < count; index++) {
    const at = u16(database, bytes, pageHeader + 2 * index);
    if (at < start || at >= end) throw damaged(database, `item ${index} of page ${page} is elsewhere`);
    if (index % 2 === 0) key = bytes.subarray(at, end);
    else {
      if (key.length !== 5 || key[0] !== itemTypes.keyData) throw damaged(database, `page ${page} has another key`);
      const number = u32(database, key, 1);
      // Number 0 has the greatest number that was given so far.
      if (number !== 0) yield { number, page, at, size: end - at };
    }
    end = at;
  }
}

function readValue(database: Database, item: Buffer, number: number): Buffer {
  if (item[0] === itemTypes.keyData) return item.subarray(1);
  if (item[0] !== itemTypes.offPage || item.length !== offPageSize) {
    throw damaged(database, `package ${number} is no header`);
  }
  return readChain(database, u32(database, item, 4), u32(database, item, 8), number);
}

/** The data of overflow pages, one after another. A chain that leads back ends with the length that it may have. */
function readChain(database: Database, first: number, length: number, number: number): Buffer {
  if (length > headerLimits.data || length > database.lastPage * database.pageSize) {
    throw damaged(database, `package ${number} has ${length} bytes`);
  }
  const pieces: Buffer[] = [];
  let left = length;
  for (let page = first; left > 0;) {
    const bytes = readPage(database, page);
    const size = u16(database, bytes, 22);
    if (bytes[25] !== pageTypes.overflow || size === 0 || size > Math.min(left, bytes.length - pageHeader)) {
      throw damaged(database, `package ${number} goes on on page ${page}, which does not fit`);
    }
    pieces.push(bytes.subarray(pageHeader, pageHeader + size));
    left -= size;
    page = u32(database, bytes, 16);
  }
  return Buffer.concat(pieces);
}
