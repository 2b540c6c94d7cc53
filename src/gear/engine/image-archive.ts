// SPDX-License-Identifier: Apache-2.0
/**
 * An image of a directory in OCI's layout as an archive that engines load. Its digest stays what it is: blobs go along as they
 * are. For docker, which knew OCI's layout only from release 25 on, a manifest.json in its own format names the same blobs.
 */
import { createHash } from "node:crypto";
import { closeSync, createReadStream, fstatSync, lstatSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fileSource } from "../../base/index.ts";
import {
  decodeIndex,
  decodeManifestOrIndex,
  encodeIndex,
  encodeOciJson,
  encodeTarHeader,
  ociDigest,
  type OciDescriptor,
  type OciDigest,
  ociDocumentLimit,
  type OciIndexEntry,
  type OciManifest,
  readTar,
  tarEnd,
  tarPadding,
} from "../../formats/index.ts";
import { openImageFile, readBounded } from "./image-file.ts";
import { gearError } from "../errors.ts";

/** An image's name or tag in an index (image-spec, annotations.md). */
const nameKey = "org.opencontainers.image.ref.name";
/** Indexes in indexes: one for the platforms, at most. */
const depthLimit = 4;

export interface LayoutImage {
  readonly directory: string;
  readonly entry: OciIndexEntry;
  readonly manifest: OciManifest;
  /** As its index names it. */
  readonly name: string | undefined;
}

/** @param selected by name, needed where there are several */
export function findImage(directory: string, selected: string | undefined): LayoutImage {
  const path = join(directory, "index.json");
  const { manifests } = decodeIndex(readBounded(path, ociDocumentLimit), path);
  const named = manifests.filter(({ annotations }) => selected === undefined || annotations?.get(nameKey) === selected);
  const [first, ...others] = named;
  if (first === undefined)
    throw gearError("bad-image", `${directory} has no image${selected === undefined ? "" : ` ${selected}`}`);
  if (others.length > 0 && (selected !== undefined || first.platform === undefined))
    throw gearError("bad-image", `${directory} has ${named.length} images`, { hint: "name one of them: PATH:NAME" });
  const entry = others.length === 0 ? first : forThisMachine(named, directory);
  return { ...resolveManifest(directory, entry, 0), name: entry.annotations?.get(nameKey) };
}

function resolveManifest(directory: string, entry: OciIndexEntry, depth: number): Omit<LayoutImage, "name"> {
  const document = decodeManifestOrIndex(readDocument(directory, entry), entry.digest);
  if ("layers" in document) return { directory, entry, manifest: document };
  if (depth >= depthLimit) throw gearError("bad-image", `${directory}: indexes in indexes in indexes`);
  return resolveManifest(directory, forThisMachine(document.manifests, directory), depth + 1);
}

/** Go's names of what Node names otherwise. */
const architectures: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };

function forThisMachine(entries: readonly OciIndexEntry[], what: string): OciIndexEntry {
  const own = architectures[process.arch] ?? process.arch;
  const found = entries.find(({ platform }) => platform?.architecture === own && platform.os === "linux");
  if (found !== undefined) return found;
  throw gearError("bad-image", `${what} has no image for linux/${own}`);
}

function readDocument(directory: string, { digest, size }: OciDescriptor): Buffer {
  const path = blobPath(directory, digest);
  const bytes = readBounded(path, ociDocumentLimit);
  if (bytes.length === size && ociDigest(bytes) === digest) return bytes;
  throw gearError("bad-image", `${path} is not what its digest says`);
}

function blobPath(directory: string, digest: OciDigest): string {
  return join(directory, "blobs/sha256", digest.slice("sha256:".length));
}

/** @param name that the engine is to keep it by */
export function imageArchive({ directory, entry, manifest }: LayoutImage, name: string): Readable {
  const blobs = new Map([entry, manifest.config, ...manifest.layers].map((blob) => [blob.digest, blob]));
  const inArchive = ({ digest }: OciDescriptor) => `blobs/sha256/${digest.slice("sha256:".length)}`;
  const described = { mediaType: entry.mediaType, digest: entry.digest, size: entry.size };
  const index = encodeIndex({ manifests: [{ ...described, annotations: new Map([[nameKey, name]]) }] });
  const dockerManifest = encodeOciJson([
    { Config: inArchive(manifest.config), RepoTags: [name], Layers: manifest.layers.map(inArchive) },
  ]);
  async function* pieces() {
    yield* document("oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
    yield* document("index.json", index);
    yield* document("manifest.json", dockerManifest);
    for (const blob of blobs.values()) yield* file(inArchive(blob), blobPath(directory, blob.digest), blob);
    yield tarEnd;
  }
  return Readable.from(pieces(), { objectMode: false });
}

function* document(path: string, bytes: Buffer): Generator<Buffer> {
  yield encodeTarHeader({ path, type: "file", mode: 0o644, size: bytes.length });
  yield Buffer.concat([bytes, Buffer.alloc(tarPadding(bytes.length))]);
}

/**
 * What is not as its digest says breaks the archive off: docker would load it as another image, and podman trusts a blob by
 * the name of one that it has.
 */
async function* file(path: string, source: string, { size, digest }: OciDescriptor): AsyncGenerator<Buffer> {
  const found = lstatSync(source);
  if (!found.isFile() || found.size !== size)
    throw gearError("bad-image", `${source} is no file of the ${size} bytes of ${digest}`);
  yield encodeTarHeader({ path, type: "file", mode: 0o644, size });
  const hash = createHash("sha256");
  // As many as were announced: one that grows meanwhile would run into the next header.
  for await (const piece of createReadStream(source, { start: 0, end: size - 1 }) as AsyncIterable<Buffer>) {
    hash.update(piece);
    yield piece;
  }
  if (`sha256:${hash.digest("hex")}` !== digest) throw gearError("bad-image", `${source} is not what its digest says`);
  yield Buffer.alloc(tarPadding(size));
}

/** Lays out the images of an archive in an empty directory. It is not compressed, so that it takes no more room than it has. */
export function unpackLayout(archive: string, directory: string): void {
  mkdirSync(join(directory, "blobs/sha256"), { recursive: true });
  const fd = openImageFile(archive);
  try {
    const source = fileSource(fd, 0, fstatSync(fd).size, archive);
    for (const entry of readTar(source, archive)) {
      const path = entry.path.replace(/^\.\//, "");
      if (entry.type !== "file" || !/^(index\.json|blobs\/sha256\/[0-9a-f]{64})$/.test(path)) continue;
      const out = openSync(join(directory, path), "w", 0o600);
      try {
        for (const piece of entry.pieces()) writeSync(out, piece);
      } finally {
        closeSync(out);
      }
    }
  } finally {
    closeSync(fd);
  }
}
