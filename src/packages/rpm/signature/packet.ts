// SPDX-License-Identifier: Apache-2.0
/**
 * OpenPGP signature packets: RFC 4880 section 5.2 (versions 3 and 4), RFC 9580 section 5.2 (version 6). rpm signs with all
 * three, version 3 until 2022; the OpenPGP library reads no version 3, so that packets are taken apart here and only keys
 * are its matter.
 */
import { ByteReader } from "../../../base/index.ts";
import { packageError } from "../../errors.ts";

export interface SignaturePacket {
  readonly version: 3 | 4 | 6;
  /** OpenPGP's number of the public-key algorithm (RFC 9580 section 9.1). */
  readonly algorithm: number;
  /** OpenPGP's number of the hash algorithm (section 9.5). */
  readonly hash: number;
  /** Seconds since 1970. */
  readonly created: number;
  /** Seconds since 1970; absent for a signature that stays. */
  readonly expires?: number;
  /** Sixteen hexadecimal digits in upper case; empty where the signature does not tell. */
  readonly keyId: string;
  /** Hashed before what is signed; of version 6 only. */
  readonly salt: Buffer;
  /** Hashed after what is signed. */
  readonly trailer: Buffer;
  /** The first two bytes of the digest, a hint. */
  readonly left: Buffer;
  /** The signature itself: numbers one after another, or the bytes of an Edwards curve. */
  readonly values: readonly Buffer[];
}

const signatureTag = 2;
const binaryType = 0;

/** Parses one signature packet that is all of `bytes`. Throws `packages-bad-signature`. */
export function parseSignature(bytes: Buffer, what: string): SignaturePacket {
  try {
    const reader = new ByteReader(bytes, what);
    const body = readPacket(reader);
    reader.end();
    return parseBody(Buffer.from(body.buffer, body.byteOffset, body.length), what);
  } catch (error) {
    throw packageError("bad-signature", `${what}: is no OpenPGP signature: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** The packet's body (RFC 9580 section 4.2). Partial lengths are only for data. */
function readPacket(reader: ByteReader): Uint8Array {
  const first = reader.u8();
  if ((first & 0x80) === 0) throw new Error("no packet");
  const modern = (first & 0x40) !== 0;
  const tag = modern ? first & 0x3f : (first >> 2) & 0x0f;
  if (tag !== signatureTag) throw new Error(`a packet of type ${tag}`);
  if (modern) return reader.take(readModernLength(reader));
  const size = first & 3;
  if (size === 3) throw new Error("a packet of indeterminate length");
  return reader.take(size === 0 ? reader.u8() : size === 1 ? reader.u16() : reader.u32());
}

function readModernLength(reader: ByteReader): number {
  const first = reader.u8();
  if (first < 192) return first;
  if (first < 224) return ((first - 192) << 8) + reader.u8() + 192;
  if (first === 255) return reader.u32();
  throw new Error("a packet of partial lengths");
}

function parseBody(body: Buffer, what: string): SignaturePacket {
  const reader = new ByteReader(body, what);
  const version = reader.u8();
  if (version === 3) return parseVersion3(reader, body);
  if (version === 4 || version === 6) return parseVersion4(reader, body, version, what);
  throw new Error(`version ${version}`);
}

function parseVersion3(reader: ByteReader, body: Buffer): SignaturePacket {
  if (reader.u8() !== 5) throw new Error("hashed data of another length than 5");
  const trailer = body.subarray(2, 7);
  requireBinary(reader.u8());
  const created = reader.u32();
  const keyId = Buffer.from(reader.take(8)).toString("hex").toUpperCase();
  const algorithm = reader.u8();
  const hash = reader.u8();
  const left = Buffer.from(reader.take(2));
  const salt = Buffer.alloc(0);
  return { version: 3, algorithm, hash, created, keyId, salt, trailer, left, values: readValues(reader, algorithm) };
}

function parseVersion4(reader: ByteReader, body: Buffer, version: 4 | 6, what: string): SignaturePacket {
  requireBinary(reader.u8());
  const algorithm = reader.u8();
  const hash = reader.u8();
  const hashed = readSubpackets(reader, version, what);
  const hashedEnd = reader.offset;
  const unhashed = readSubpackets(reader, version, what);
  const left = Buffer.from(reader.take(2));
  const salt = Buffer.from(version === 6 ? reader.take(reader.u8()) : []);
  const length = Buffer.alloc(6);
  length.set([version, 0xff]);
  length.writeUInt32BE(hashedEnd, 2);
  const trailer = Buffer.concat([body.subarray(0, hashedEnd), length]);
  if (hashed.created === undefined) throw new Error("no time of creation");
  const { created, lifetime } = hashed;
  return {
    version,
    algorithm,
    hash,
    created,
    ...(lifetime === undefined || lifetime === 0 ? {} : { expires: created + lifetime }),
    keyId: hashed.keyId ?? unhashed.keyId ?? "",
    salt,
    trailer,
    left,
    values: readValues(reader, algorithm),
  };
}

function requireBinary(type: number): void {
  if (type !== binaryType) throw new Error(`a signature of type ${type}, not of a document`);
}

interface Subpackets {
  created?: number;
  lifetime?: number;
  keyId?: string;
}

const subpacket = { creation: 2, expiration: 3, issuer: 16, issuerFingerprint: 33 } as const;
/** Those that say nothing on whether the signature holds: notations, key server and policy addresses, the signer's name. */
const harmless = new Set([4, 20, 24, 26, 28, 35, 39]);

/** Section 5.2.3.7. A critical one that is not known makes the signature invalid. */
function readSubpackets(reader: ByteReader, version: 4 | 6, what: string): Subpackets {
  const area = new ByteReader(reader.take(version === 6 ? reader.u32() : reader.u16()), what);
  const found: Subpackets = {};
  while (area.remaining > 0) {
    const length = readModernLength(area);
    if (length === 0) throw new Error("an empty subpacket");
    const type = area.u8();
    const content = Buffer.from(area.take(length - 1));
    switch (type & 0x7f) {
      case subpacket.creation:
        found.created = content.readUInt32BE();
        break;
      case subpacket.expiration:
        found.lifetime = content.readUInt32BE();
        break;
      case subpacket.issuer:
        found.keyId = content.toString("hex").toUpperCase();
        break;
      case subpacket.issuerFingerprint:
        found.keyId ??= keyIdOfFingerprint(content);
        break;
      default:
        if ((type & 0x80) !== 0 && !harmless.has(type & 0x7f)) throw new Error(`the critical subpacket ${type & 0x7f}`);
    }
  }
  return found;
}

/** Of version 4 the last eight bytes, of version 6 the first (section 5.5.4). */
function keyIdOfFingerprint(content: Buffer): string {
  const fingerprint = content.subarray(1);
  const id = content[0] === 6 ? fingerprint.subarray(0, 8) : fingerprint.subarray(-8);
  return id.toString("hex").toUpperCase();
}

export const algorithms = { rsa: 1, rsaSign: 3, dsa: 17, ecdsa: 19, eddsaLegacy: 22, ed25519: 27, ed448: 28 } as const;

function readValues(reader: ByteReader, algorithm: number): Buffer[] {
  switch (algorithm) {
    case algorithms.rsa:
    case algorithms.rsaSign:
      return all(reader, 1);
    case algorithms.dsa:
    case algorithms.ecdsa:
    case algorithms.eddsaLegacy:
      return all(reader, 2);
    default:
      // Native encodings, and algorithms that are not known here: the rest as it is.
      return [Buffer.from(reader.take(reader.remaining))];
  }
}

function all(reader: ByteReader, count: number): Buffer[] {
  const values = Array.from({ length: count }, () => readNumber(reader));
  reader.end();
  return values;
}

/** Section 3.2: the count of bits must be exact. */
function readNumber(reader: ByteReader): Buffer {
  const bits = reader.u16();
  const bytes = Buffer.from(reader.take((bits + 7) >> 3));
  const top = bytes[0] ?? 0;
  const expected = bytes.length === 0 ? 0 : 8 * bytes.length - Math.clz32(top) + 24;
  if (bits !== expected || bits === 0) throw new Error("a number whose leading bit is not set");
  return bytes;
}
