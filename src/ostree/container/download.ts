// SPDX-License-Identifier: Apache-2.0
import { closeSync, existsSync, ftruncateSync, openSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  type HeldLock,
  listDirectory,
  lockFile,
  makeDirectories,
  removeIfExists,
  unlessErrno,
} from "../../base/index.ts";
import {
  decodeManifest,
  decodeManifestOrIndex,
  ociDigest,
  type OciDescriptor,
  type OciDigest,
  type OciManifest,
  ociTypes,
} from "../../formats/index.ts";
import { ostreeError } from "../errors.ts";
import type { Repo } from "../repo.ts";
import { goArchitecture } from "./image-layout.ts";
import { atDigest, formatImage, type ImageReference } from "./image-reference.ts";
import { OciLayout } from "./oci-layout.ts";
import { copyToLayout, inspectRaw, type SkopeoOptions } from "./skopeo.ts";

/** What a reference leads to for this machine; not verified yet. */
export interface FoundManifest {
  /** As others tell it of the image; undefined where only fetching tells it. */
  readonly digest: OciDigest | undefined;
  /** Of the image at that digest. */
  readonly image: ImageReference;
  /** It is OCI's own kind, which skopeo need not convert. */
  readonly exact: boolean;
}

/** Asks what the reference leads to now, by way of an index the manifest for this machine. */
export async function findManifest(image: ImageReference, options: SkopeoOptions): Promise<FoundManifest> {
  const what = formatImage(image);
  const bytes = await inspectRaw(image, options);
  const found = decodeManifestOrIndex(bytes, what);
  if ("layers" in found) {
    const digest = ociDigest(bytes);
    // A storage has layers unpacked: they are packed anew, and the manifest is of others.
    const exact = found.mediaType === ociTypes.manifest && image.transport !== "containers-storage";
    return { digest, image: atDigest(image, digest), exact };
  }
  const wanted = goArchitecture();
  const entry = found.manifests.find(({ platform }) => platform?.os === "linux" && platform.architecture === wanted);
  if (entry === undefined) throw ostreeError("image-content", `${what} has no image for ${wanted}`);
  if (image.transport !== "docker") return { digest: undefined, image, exact: false };
  return { digest: entry.digest, image: atDigest(image, entry.digest), exact: entry.mediaType === ociTypes.manifest };
}

export interface DownloadedManifest {
  readonly digest: OciDigest;
  readonly bytes: Buffer;
  readonly manifest: OciManifest;
  readonly config: Buffer;
}

/** Milliseconds. */
const bytesInterval = 500;

/**
 * Where the blobs of an image are until they are in the repository. What is whole there outlives a download that was cut
 * short, so that the next goes on with it. One process at a time.
 */
export class Download implements Disposable {
  readonly layout: OciLayout;
  readonly #lock: HeldLock;
  readonly #found: FoundManifest;
  readonly #options: SkopeoOptions;

  private constructor(path: string, lock: HeldLock, found: FoundManifest, options: SkopeoOptions) {
    this.layout = new OciLayout(path);
    this.#lock = lock;
    this.#found = found;
    this.#options = options;
  }

  static open(repo: Repo, found: FoundManifest, options: SkopeoOptions): Download {
    const path = join(repo.path, "tmp/container-download");
    makeDirectories(join(path, "blobs/sha256"));
    return new Download(path, lockFile(join(path, "lock")), found, options);
  }

  /** Brings manifest and configuration, as far as containers-policy.json(5) lets them pass, and no layers. */
  async manifest(): Promise<DownloadedManifest> {
    const { digest } = this.#found;
    const before = decodeLayers(await inspectRaw(this.#found.image, this.#options), digest);
    await this.#copy(before, []);
    return this.#read();
  }

  /**
   * Brings layers, and nothing of the others.
   * @param onBytes told of the bytes that are there, now and then
   */
  async layers(
    { manifest, digest }: DownloadedManifest,
    wanted: readonly OciDescriptor[],
    onBytes: (bytes: number) => void,
  ): Promise<void> {
    if (wanted.every((layer) => existsSync(this.layout.blobPath(layer.digest)))) return;
    const timer = setInterval(() => onBytes(this.#bytes()), bytesInterval);
    try {
      await this.#copy(manifest.layers, wanted);
    } finally {
      clearInterval(timer);
    }
    if (this.#read().digest === digest) return;
    throw ostreeError("image-fetch", "the image changed while it was fetched", { hint: "try again" });
  }

  /** Compares a layer with its digest; a damaged one is fetched again by the next download. */
  async verify(layer: OciDescriptor, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.layout.verifyBlob(layer, signal);
    } catch (error) {
      if (ostreeError.is(error, "image-content")) this.drop(layer);
      throw error;
    }
  }

  /** Removes a layer that is in the repository. */
  drop({ digest }: OciDescriptor): void {
    rmSync(this.layout.blobPath(digest), { force: true });
  }

  /** Everything is in the repository. */
  finish(): void {
    rmSync(this.layout.path, { recursive: true, force: true });
  }

  [Symbol.dispose](): void {
    this.#lock.release();
  }

  /** Of blobs, and of what skopeo is writing; what is only pretended has no blocks. */
  #bytes(): number {
    const paths = [this.layout.path, this.layout.blobs].flatMap((directory) =>
      listDirectory(directory).map((name) => join(directory, name)),
    );
    const files = paths.flatMap((path) => unlessErrno(["ENOENT"], () => statSync(path)) ?? []);
    return files.reduce((sum, stat) => sum + (stat.isFile() && stat.blocks > 0 ? stat.size : 0), 0);
  }

  /** Blobs that are not wanted are there as files without content: skopeo passes over what is there. */
  async #copy(layers: readonly OciDescriptor[], wanted: readonly OciDescriptor[]): Promise<void> {
    removeIfExists(join(this.layout.path, "index.json"));
    this.#clean(layers);
    const needed = new Set(wanted.map(({ digest }) => digest));
    const others = layers.filter(({ digest }) => !needed.has(digest) && !existsSync(this.layout.blobPath(digest)));
    for (const layer of others) this.#pretend(layer);
    await copyToLayout(this.#found.image, this.layout.path, { ...this.#options, exact: this.#found.exact });
    for (const layer of others) this.drop(layer);
  }

  /** What is left of earlier downloads, other images, and files that skopeo had not finished. */
  #clean(layers: readonly OciDescriptor[]): void {
    const kept = new Map(layers.map(({ digest, size }) => [digest.slice("sha256:".length), size]));
    for (const name of listDirectory(this.layout.blobs)) {
      const path = join(this.layout.blobs, name);
      // The holes of one that is only there to be passed over tell it apart: it has no blocks.
      const stat = unlessErrno(["ENOENT"], () => statSync(path));
      if (stat === undefined || (stat.size === kept.get(name) && stat.blocks > 0)) continue;
      rmSync(path, { recursive: true });
    }
    for (const name of listDirectory(this.layout.path))
      if (name.startsWith("oci-put-blob")) rmSync(join(this.layout.path, name));
  }

  #pretend({ digest, size }: OciDescriptor): void {
    const fd = openSync(this.layout.blobPath(digest), "w");
    try {
      ftruncateSync(fd, size);
    } finally {
      closeSync(fd);
    }
  }

  #read(): DownloadedManifest {
    const [entry, ...others] = this.layout.entries();
    if (entry === undefined || others.length > 0) throw ostreeError("image-fetch", "skopeo left no single manifest");
    const bytes = this.layout.readDocument(entry);
    const manifest = decodeManifest(bytes, formatImage(this.#found.image));
    if (this.#found.exact && this.#found.digest !== undefined && entry.digest !== this.#found.digest)
      throw ostreeError("image-fetch", "the image changed while it was fetched", { hint: "try again" });
    const config = this.layout.readDocument(manifest.config);
    return { digest: this.#found.digest ?? entry.digest, bytes, manifest, config };
  }
}

/** Of an unverified manifest: which blobs need not be fetched to verify it. None for an index. */
function decodeLayers(bytes: Buffer, digest: OciDigest | undefined): readonly OciDescriptor[] {
  const found = decodeManifestOrIndex(bytes, digest ?? "the image");
  return "layers" in found ? found.layers : [];
}
