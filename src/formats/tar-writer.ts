// SPDX-License-Identifier: Apache-2.0
/** Writes tar archives: ustar, with a pax header where a value does not fit. Same input, same bytes. */
import type { Xattr } from "../base/index.ts";
import { formatError } from "./errors.ts";
import { blockSize, fields, types, type TarType } from "./tar-header.ts";

export interface TarWriteHeader {
  /** Relative, without trailing slash; the root itself is `.`. */
  readonly path: string;
  readonly type: TarType;
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: number;
  readonly mtime?: number;
  readonly target?: string;
  readonly device?: { readonly major: number; readonly minor: number };
  readonly xattrs?: readonly Xattr[];
}

const flags = new Map([...types].reverse().map(([flag, type]) => [type, flag]));

/** The header blocks of one entry. The content and `tarPadding(size)` zero bytes follow. */
export function encodeTarHeader(header: TarWriteHeader): Buffer {
  const path = header.type === "directory" ? `${header.path}/` : header.path;
  const pax = new Map<string, Uint8Array>();
  const block = Buffer.alloc(blockSize);
  putPath(block, path, pax);
  putText(block, fields.linkName, header.target ?? "", "linkpath", pax);
  putNumber(block, fields.mode, header.mode & 0o7777, undefined, pax);
  putNumber(block, fields.uid, header.uid ?? 0, "uid", pax);
  putNumber(block, fields.gid, header.gid ?? 0, "gid", pax);
  putNumber(block, fields.size, header.type === "file" ? (header.size ?? 0) : 0, "size", pax);
  putNumber(block, fields.mtime, header.mtime ?? 0, "mtime", pax);
  putNumber(block, fields.major, header.device?.major ?? 0, undefined, pax);
  putNumber(block, fields.minor, header.device?.minor ?? 0, undefined, pax);
  for (const { name, value } of header.xattrs ?? []) pax.set(`SCHILY.xattr.${name}`, value);
  finish(block, flags.get(header.type)!);
  return pax.size === 0 ? block : Buffer.concat([encodePax(pax), block]);
}

export function tarPadding(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}

/** The end of an archive: two blocks of zeros. */
export const tarEnd: Buffer = Buffer.alloc(2 * blockSize);

function finish(block: Buffer, flag: string): void {
  block.write(flag, fields.type[0], "latin1");
  block.write("ustar\x0000", fields.magic[0], "latin1");
  const [start, length] = fields.checksum;
  block.fill(0x20, start, start + length);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, start, "latin1");
}

function putPath(block: Buffer, path: string, pax: Map<string, Uint8Array>): void {
  const bytes = Buffer.from(path);
  if (bytes.length <= fields.name[1]) {
    bytes.copy(block, fields.name[0]);
    return;
  }
  const split = splitAt(bytes);
  if (split === undefined) {
    pax.set("path", bytes);
    bytes.copy(block, fields.name[0], 0, fields.name[1]);
  } else {
    bytes.copy(block, fields.prefix[0], 0, split);
    bytes.copy(block, fields.name[0], split + 1);
  }
}

/** The slash that parts a long path into the fields prefix and name. */
function splitAt(path: Buffer): number | undefined {
  for (let at = path.indexOf(0x2f); at >= 0 && at <= fields.prefix[1]; at = path.indexOf(0x2f, at + 1)) {
    const rest = path.length - at - 1;
    if (at > 0 && rest > 0 && rest <= fields.name[1]) return at;
  }
  return undefined;
}

type Field = readonly [start: number, length: number];

function putText(block: Buffer, [start, length]: Field, text: string, key: string, pax: Map<string, Uint8Array>): void {
  const bytes = Buffer.from(text);
  if (bytes.length > length) pax.set(key, bytes);
  bytes.copy(block, start, 0, length);
}

function putNumber(block: Buffer, field: Field, value: number, key: string | undefined, pax: Map<string, Uint8Array>) {
  const [start, length] = field;
  const text = value < 0 ? undefined : value.toString(8).padStart(length - 1, "0");
  if (text !== undefined && text.length < length) {
    block.write(text, start, "latin1");
    return;
  }
  if (key === undefined) throw formatError("tar", `${value} does not fit into a tar header`);
  pax.set(key, Buffer.from(String(value)));
  block.write("0".repeat(length - 1), start, "latin1");
}

function encodePax(records: Map<string, Uint8Array>): Buffer {
  const body = Buffer.concat([...records].map(([key, value]) => paxRecord(key, value)));
  const block = Buffer.alloc(blockSize);
  block.write("././@PaxHeader", fields.name[0], "latin1");
  putNumber(block, fields.mode, 0o644, undefined, records);
  putNumber(block, fields.uid, 0, undefined, records);
  putNumber(block, fields.gid, 0, undefined, records);
  putNumber(block, fields.size, body.length, undefined, records);
  putNumber(block, fields.mtime, 0, undefined, records);
  finish(block, "x");
  return Buffer.concat([block, body, Buffer.alloc(tarPadding(body.length))]);
}

/** The record's length counts its own digits. */
function paxRecord(key: string, value: Uint8Array): Buffer {
  const rest = Buffer.byteLength(key) + value.length + 3;
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return Buffer.concat([Buffer.from(`${length} ${key}=`), value, Buffer.from("\n")]);
}
