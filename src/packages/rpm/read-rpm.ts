// SPDX-License-Identifier: Apache-2.0
/** Opens package files: rpm.org, "RPM V4 Package format" and "RPM V6 Package format". */
import { closeSync, openSync, readSync } from "node:fs";
import { type ByteSource, type Compression, decompress, fileSource } from "../../base/index.ts";
import { packageError } from "../errors.ts";
import {
  checkHeaderDigests,
  legacyDigest,
  payloadDigests,
  type RpmDigest,
  runDigest,
  type RunningDigest,
} from "./digests.ts";
import type { RpmHeader } from "./header.ts";
import { type PackageParts, readParts } from "./lead.ts";
import { readPayload, type RpmEntry } from "./payload.ts";
import { describeParts, type RpmHead } from "./read-head.ts";
import { type RpmSignature, requireTrust, type VerifyOptions, verifySignatures } from "./signature/verify.ts";
import { tag } from "./tags.ts";

/** A package file that is open for reading; `using rpm = await readRpm(path, ...)` closes it. */
export interface RpmFile extends RpmHead, Disposable {
  readonly path: string;
  /** 3, 4 or 6. */
  readonly format: number;
  /** Where the payload starts: what rpm-ostree keeps of a package is the bytes before. */
  readonly payloadOffset: number;
  readonly compression: Compression;
  /** All that the package has of itself. */
  readonly digests: readonly RpmDigest[];
  readonly signatures: readonly RpmSignature[];
  /**
   * The files of the payload, read as a stream: take the content of an entry before the next one. Can be called again;
   * each call reads from the start. The digest of the payload is checked when all of it was read: what was done with the
   * files must be undone when this throws (`packages-bad-digest`, `packages-rpm`, `base-damaged`).
   */
  files(options?: FilesOptions): Generator<RpmEntry, void, undefined>;
  close(): void;
}

/** Bytes that a payload may expand to, against a small file that expands without end. */
const payloadLimit = 64 * 2 ** 30;

export interface FilesOptions {
  /** Give names that are not UTF-8 as ISO 8859-1: to list them; a commit cannot hold them, so that they are refused otherwise. */
  readonly anyEncoding?: boolean;
}

export interface ReadRpmOptions extends VerifyOptions {
  /** Accept a package without a signature of a trusted key, as a local one. Its digests are checked all the same. */
  readonly allowUnsigned?: boolean;
}

/**
 * Opens a package: headers are read, their digests and the signatures checked.
 * @throws `packages-rpm` when it is no package or a damaged one, `packages-bad-digest`; of signatures `packages-unsigned`,
 * `packages-bad-signature`, `packages-unknown-key`, `packages-expired-key`, `packages-untrusted-signature`
 */
export async function readRpm(path: string, options: ReadRpmOptions): Promise<RpmFile> {
  const fd = openSync(path, "r");
  try {
    const parts = readParts(fd, path);
    const digests = readDigests(parts, path);
    const digestInHeader = digests.some(({ range }) => range === "payload");
    const payload = () => fileSource(fd, parts.payloadOffset, parts.payloadSize, `${path}: payload`);
    const readPayload = (update: (piece: Buffer) => void) => {
      const source = payload();
      for (let piece = source.read(); piece !== undefined; piece = source.read()) update(piece);
    };
    const signatures = await verifySignatures(parts, path, digestInHeader, readPayload, options);
    requireTrust(signatures, digestInHeader, options.allowUnsigned === true, path);
    return openRpm(path, fd, parts, digests, signatures);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function readDigests(parts: PackageParts, path: string): RpmDigest[] {
  const legacy = legacyDigest(parts.signature, path);
  const modern = [...checkHeaderDigests(parts, path), ...payloadDigests(parts.header, path)];
  return legacy === undefined ? modern : [...modern, legacy];
}

function openRpm(
  path: string,
  fd: number,
  parts: PackageParts,
  digests: readonly RpmDigest[],
  signatures: readonly RpmSignature[],
): RpmFile {
  const { header } = parts;
  const payloadDigest = digests.find(({ range }) => range !== "header");
  const described = describeParts(parts, path);
  const { table } = described;
  const compression = readCompression(fd, parts, path);
  let open = true;
  const close = () => {
    if (open) closeSync(fd);
    open = false;
  };
  function* files({ anyEncoding }: FilesOptions = {}): Generator<RpmEntry, void, undefined> {
    if (!table.utf8 && anyEncoding !== true) throw packageError("rpm", `${path}: has a file whose name is not UTF-8`);
    const what = `${path}: payload`;
    const running = payloadDigest && runDigest(payloadDigest, header, path);
    const plain = running?.digest.uncompressed === true;
    const packed = watched(fileSource(fd, parts.payloadOffset, parts.payloadSize, what), plain ? undefined : running);
    const unpacked = decompress(packed, compression, what, { limit: payloadLimit });
    try {
      yield* readPayload(watched(unpacked, plain ? running : undefined), table, what);
      while (packed.read() !== undefined);
      running?.finish();
    } finally {
      unpacked.close();
    }
  }
  return {
    path,
    ...described,
    format: readFormat(header),
    header,
    payloadOffset: parts.payloadOffset,
    compression,
    digests,
    signatures,
    files,
    close,
    [Symbol.dispose]: close,
  };
}

/** A source whose pieces go through a digest as well. */
function watched(source: ByteSource, running: RunningDigest | undefined): ByteSource {
  if (running === undefined) return source;
  return {
    read() {
      const piece = source.read();
      if (piece !== undefined) running.update(piece);
      return piece;
    },
    close: () => source.close(),
  };
}

/** RPMTAG_RPMFORMAT is written since format 6; a header without a region is of format 3. */
function readFormat(header: RpmHeader): number {
  const written = header.number(tag.rpmFormat);
  if (written !== undefined) return written;
  return header.region && !header.has(tag.oldFileNames) ? 4 : 3;
}

const compressions: Readonly<Record<string, Compression>> = {
  gzip: "gzip",
  bzip2: "bzip2",
  xz: "xz",
  lzma: "lzma",
  zstd: "zstd",
  none: "none",
};

function readCompression(fd: number, { header, payloadOffset }: PackageParts, path: string): Compression {
  const format = header.string(tag.payloadFormat) ?? "cpio";
  if (format !== "cpio") throw packageError("rpm", `${path}: a payload of the format ${JSON.stringify(format)}`);
  // Without the tag it is gzip (lib/rpmte.c, `rpmtePayload`).
  const written = header.string(tag.payloadCompressor) ?? "gzip";
  const compression = compressions[written];
  if (compression === undefined)
    throw packageError("rpm", `${path}: a payload compressed with ${JSON.stringify(written)}`);
  if (compression !== "gzip") return compression;
  // zlib's gzread(3) hands out what is not compressed as it is; packages without compression are made so.
  const first = Buffer.alloc(2);
  readSync(fd, first, 0, 2, payloadOffset);
  return first.toString("hex") === "1f8b" ? "gzip" : "none";
}
