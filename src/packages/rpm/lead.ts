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

/** Where a package is read from. */
interface Input {
  /** Of all of it, in bytes. */
  readonly size: number;
  /** Exactly so many bytes, which are there. */
  read(offset: number, length: number): Buffer;
}

/** Reads all before the payload. Throws `packages-rpm`, `base-truncated`. */
export function readParts(fd: number, path: string): PackageParts {
  return readPartsOf({ size: fstatSync(fd).size, read: (offset, length) => readFile(fd, offset, length, path) }, path);
}

/** The same of what stands before the payload, as rpm-ostree keeps it of a package (`rpmostree.metadata`). */
export function decodeParts(bytes: Buffer, what: string): PackageParts {
  return readPartsOf({ size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) }, what);
}

function readPartsOf(input: Input, path: string): PackageParts {
  const { size } = input;
  const lead = readExactly(input, 0, Math.min(size, leadSize), path);
  // Of the lead only the magic number has a meaning (lib/rpmlead.c, `rpmLeadCheck`).
  if (lead.length < leadSize || !lead.subarray(0, 4).equals(leadMagic)) {
    throw packageError("rpm", `${path}: is not an RPM package`);
  }
  const what = `${path}: signature header`;
  const signatureBytes = readHeaderBytes(input, leadSize, signatureLimits, what);
  const signature = decodeHeader(signatureBytes, what, { kind: "signature" });
  const signatureEnd = leadSize + headerMagic.length + signatureBytes.length;
  const start = signatureEnd + ((8 - (signatureEnd % 8)) % 8);
  const headerBytes = readHeaderBytes(input, start, headerLimits, `${path}: header`);
  const header = decodeHeader(headerBytes, `${path}: header`, { kind: "package" });
  const payloadOffset = start + headerMagic.length + headerBytes.length;
  return { signature, header, payloadOffset, payloadSize: size - payloadOffset };
}

function readHeaderBytes(
  input: Input,
  offset: number,
  limits: { readonly tags: number; readonly data: number },
  what: string,
): Buffer {
  const first = readExactly(input, offset, 16, what);
  if (!first.subarray(0, 8).equals(headerMagic)) throw packageError("rpm", `${what}: does not start as a header`);
  const { length } = readHeaderSizes(first.subarray(8), limits, what);
  return readExactly(input, offset + headerMagic.length, length, what);
}

/** A small file that claims much gets no memory: what is not in the file is not allocated. */
function readExactly(input: Input, offset: number, length: number, what: string): Buffer {
  if (offset + length > input.size) {
    throw packageError("rpm", `${what}: the file ends before it: ${length} bytes at ${offset} of ${input.size}`);
  }
  return input.read(offset, length);
}

function readFile(fd: number, offset: number, length: number, what: string): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let done = 0; done < length;) {
    const count = readSync(fd, bytes, done, length - done, offset + done);
    if (count === 0) throw packageError("rpm", `${what}: the file was cut off while it was read`);
    done += count;
  }
  return bytes;
}
