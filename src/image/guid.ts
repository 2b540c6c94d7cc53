// SPDX-License-Identifier: Apache-2.0
import { createHash, randomUUID } from "node:crypto";

const form = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A GUID as GPT stores it: the first three fields little-endian (UEFI specification 2.10, appendix A). */
export function encodeGuid(text: string): Buffer {
  if (!form.test(text)) throw new Error(`not a GUID in lower case: ${text}`);
  const bytes = Buffer.from(text.replaceAll("-", ""), "hex");
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}

export function decodeGuid(stored: Uint8Array): string {
  const bytes = Buffer.from(stored);
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return uuidText(bytes.toString("hex"));
}

function uuidText(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Gives the UUIDs of one disk: named, so that each is asked for by what it is for. */
export type UuidSource = (purpose: string) => string;

export const randomUuids: UuidSource = () => randomUUID();

/** UUIDs that depend on `seed` and purpose only: version 8, "custom" (RFC 9562, section 5.8), from SHA-256. */
export function seededUuids(seed: string): UuidSource {
  return (purpose) => {
    const bytes = createHash("sha256").update(`${seed}\0${purpose}`).digest().subarray(0, 16);
    bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
    bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
    return uuidText(bytes.toString("hex"));
  };
}
