// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { createWriteStream, rmSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { type OciDescriptor, type OciDigest, ociTypes } from "../../formats/index.ts";
import type { OciLayout } from "./oci-layout.ts";

export interface WrittenLayer {
  readonly descriptor: OciDescriptor;
  /** Digest of the archive before compression. */
  readonly diffId: OciDigest;
}

/** The level of gzip(1), and of ostree-rs-ext; the container's own header has neither name nor time. */
const gzipLevel = 6;

/** Writes an archive as a compressed blob, in bounded memory. */
export async function writeLayer(layout: OciLayout, archive: AsyncIterable<Buffer>): Promise<WrittenLayer> {
  const path = layout.temporaryBlob();
  const [plain, packed] = [createHash("sha256"), createHash("sha256")];
  let size = 0;
  async function* hashed(): AsyncGenerator<Buffer> {
    for await (const piece of gathered(archive)) {
      plain.update(piece);
      yield piece;
    }
  }
  try {
    await pipeline(
      hashed,
      createGzip({ level: gzipLevel, chunkSize: gatheredSize }),
      async function* (pieces: AsyncIterable<Buffer>) {
        for await (const piece of pieces) {
          packed.update(piece);
          size += piece.length;
          yield piece;
        }
      },
      createWriteStream(path, { flags: "wx" }),
    );
    const digest = `sha256:${packed.digest("hex")}` as OciDigest;
    layout.adoptBlob(path, digest);
    const diffId = `sha256:${plain.digest("hex")}` as OciDigest;
    return { descriptor: { mediaType: ociTypes.layer, digest, size }, diffId };
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}

const gatheredSize = 256 << 10;

/** Headers are small: passed on one by one they would cost more than their compression. */
async function* gathered(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let size = 0;
  for await (const piece of pieces) {
    // What is yielded may be used again by whoever made it.
    held.push(piece.length <= 4096 ? Buffer.from(piece) : piece);
    size += piece.length;
    if (size < gatheredSize) continue;
    yield Buffer.concat(held);
    held = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(held);
}
