// SPDX-License-Identifier: Apache-2.0
/** What stands before the headers of a package file: lead, magic numbers, padding (rpm's lib/rpmlead.c, lib/header.c). */
import { fstatSync, readSync } from "node:fs";
import { packageError } from "../errors.ts";
import { decodeHeader, headerLimits, readHeaderSizes, type RpmHeader, signatureLimits } from "./header.ts";

const leadSize = 96;
const leadMagic = Buffer.from("edabeedb", "hex");
/** `rpm_header_magic`: three bytes, the version, four reserved bytes. It is part of what is hashed and signed. */
export const headerMagic = Buffer.from("8eade80100000000", "hex");

export interface PackageParts {
  readonly signature: RpmHeader;
  readonly header: RpmHeader;
  /** Where the payload starts; it reaches to the end of the file. */
  readonly payloadOffset: number;
  readonly payloadSize: number;
}

/** Reads all before the payload. Throws `packages-rpm`, `base-truncated`. */
export function readParts(fd: number, path: string): PackageParts {
  const size = fstatSync(fd).size;
  const lead = readExactly(fd, 0, Math.min(size, leadSize), size, path);
  // Of the lead only the magic number has a meaning (lib/rpmlead.c, `rpmLeadCheck`).
  if (lead.length < leadSize || !lead.subarray(0, 4).equals(leadMagic)) {
    throw packageError("rpm", `${path}: is not an RPM package`);
  }
  const what = `${path}: signature header`;
  const signatureBytes = readHeaderBytes(fd, leadSize, size, signatureLimits, what);
  const signature = decodeHeader(signatureBytes, what, { kind: "signature" });
  const signatureEnd = leadSize + headerMagic.length + signatureBytes.length;
  const start = signatureEnd + ((8 - (signatureEnd % 8)) % 8);
  const headerBytes = readHeaderBytes(fd, start, size, headerLimits, `${path}: header`);
  const header = decodeHeader(headerBytes, `${path}: header`, { kind: "package" });
  const payloadOffset = start + headerMagic.length + headerBytes.length;
  return { signature, header, payloadOffset, payloadSize: size - payloadOffset };
}

function readHeaderBytes(
  fd: number,
  offset: number,
  fileSize: number,
  limits: { readonly tags: number; readonly data: number },
  what: string,
): Buffer {
  const first = readExactly(fd, offset, 16, fileSize, what);
  if (!first.subarray(0, 8).equals(headerMagic)) throw packageError("rpm", `${what}: does not start as a header`);
  const { length } = readHeaderSizes(first.subarray(8), limits, what);
  return readExactly(fd, offset + headerMagic.length, length, fileSize, what);
}

/** A small file that claims much gets no memory: what is not in the file is not allocated. */
function readExactly(fd: number, offset: number, length: number, fileSize: number, what: string): Buffer {
  if (offset + length > fileSize) {
    throw packageError("rpm", `${what}: the file ends before it: ${length} bytes at ${offset} of ${fileSize}`);
  }
  const bytes = Buffer.allocUnsafe(length);
  for (let done = 0; done < length;) {
    const count = readSync(fd, bytes, done, length - done, offset + done);
    if (count === 0) throw packageError("rpm", `${what}: the file was cut off while it was read`);
    done += count;
  }
  return bytes;
}
