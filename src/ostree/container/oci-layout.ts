// SPDX-License-Identifier: Apache-2.0
/** Directories in the layout of the OCI image specification (image-layout.md). */
import { createHash } from "node:crypto";
import { closeSync, createReadStream, existsSync, lstatSync, openSync, readSync, renameSync } from "node:fs";
import { join } from "node:path";
import { makeDirectories, readIfExists, temporaryName, writeFileAtomic } from "../../base/index.ts";
import {
  decodeIndex,
  encodeIndex,
  ociDigest,
  type OciDescriptor,
  type OciDigest,
  ociDocumentLimit,
  type OciIndexEntry,
} from "../../formats/index.ts";
import { ostreeError } from "../errors.ts";

const layoutText = '{"imageLayoutVersion":"1.0.0"}';
/** An image's tag in an index (annotations.md). */
const tagKey = "org.opencontainers.image.ref.name";

export class OciLayout {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Makes the directory a layout, if it is none. */
  static ensure(path: string): OciLayout {
    const layout = new OciLayout(path);
    makeDirectories(layout.blobs);
    if (!existsSync(join(path, "oci-layout")))
      writeFileAtomic(join(path, "oci-layout"), layoutText, { durable: false });
    if (!existsSync(layout.#indexPath)) layout.#writeIndex([]);
    return layout;
  }

  get blobs(): string {
    return join(this.path, "blobs/sha256");
  }

  blobPath(digest: OciDigest): string {
    return join(this.blobs, digest.slice("sha256:".length));
  }

  get #indexPath(): string {
    return join(this.path, "index.json");
  }

  entries(): readonly OciIndexEntry[] {
    const bytes = readIfExists(this.#indexPath);
    if (bytes !== undefined) return decodeIndex(bytes, this.#indexPath).manifests;
    throw ostreeError("image-content", `${this.path} is no OCI layout: it has no index.json`);
  }

  #writeIndex(manifests: readonly OciIndexEntry[]): void {
    writeFileAtomic(this.#indexPath, encodeIndex({ manifests }), { durable: false });
  }

  /** Makes the manifest the one of its tag; without a tag, the only one. */
  setManifest(entry: OciIndexEntry, tag: string | undefined): void {
    if (tag === undefined) return this.#writeIndex([entry]);
    const others = this.entries().filter(({ annotations }) => annotations?.get(tagKey) !== tag);
    this.#writeIndex([...others, { ...entry, annotations: new Map([[tagKey, tag]]) }]);
  }

  /** A small blob, its digest verified. */
  readDocument({ digest, size }: OciDescriptor): Buffer {
    const path = this.blobPath(digest);
    if (size > ociDocumentLimit) throw ostreeError("image-content", `${digest}: a document of ${size} bytes`);
    const bytes = readBlob(path, size);
    if (bytes.length === size && ociDigest(bytes) === digest) return bytes;
    throw ostreeError("image-content", `${path} is not what its digest says`);
  }

  writeDocument(bytes: Buffer, mediaType: string): OciDescriptor {
    const digest = ociDigest(bytes);
    writeFileAtomic(this.blobPath(digest), bytes, { durable: false });
    return { mediaType, digest, size: bytes.length };
  }

  temporaryBlob(): string {
    return temporaryName(this.blobs);
  }

  /** Gives a blob that was written to `temporaryBlob` its name. */
  adoptBlob(path: string, digest: OciDigest): void {
    renameSync(path, this.blobPath(digest));
  }

  /** Reads a blob of any size and compares it with its descriptor. */
  async verifyBlob({ digest, size }: OciDescriptor, signal?: AbortSignal): Promise<void> {
    const path = this.blobPath(digest);
    const sum = createHash("sha256");
    let length = 0;
    if (lstatSync(path).size === size) {
      for await (const piece of createReadStream(path, { highWaterMark: 1 << 20, ...(signal && { signal }) })) {
        length += (piece as Buffer).length;
        sum.update(piece as Buffer);
      }
    }
    if (length === size && `sha256:${sum.digest("hex")}` === digest) return;
    throw ostreeError("image-content", `layer ${digest} is not what its digest says`);
  }
}

/** At most one byte more than announced is read, whatever the file's size. */
function readBlob(path: string, size: number): Buffer {
  const fd = openSync(path, "r");
  try {
    const bytes = Buffer.allocUnsafe(size + 1);
    let done = 0;
    for (let got = -1; got !== 0 && done < bytes.length; done += got) {
      got = readSync(fd, bytes, done, bytes.length - done, done);
    }
    return bytes.subarray(0, done);
  } finally {
    closeSync(fd);
  }
}
