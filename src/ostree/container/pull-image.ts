// SPDX-License-Identifier: Apache-2.0
/** Container image -> commit (ostree-rs-ext, container/store.rs `ImageImporter`). */
import { type ProgressListener, silent } from "../../base/index.ts";
import { decodeImageConfig, type OciDescriptor, type OciDigest, type OciImageConfig } from "../../formats/index.ts";
import { clearPartial, markPartial } from "../delete-object.ts";
import { ostreeError } from "../errors.ts";
import { findMissing } from "../fsck/find-missing.ts";
import { Inventory } from "../inventory.ts";
import type { Checksum } from "../model.ts";
import type { Repo } from "../repo.ts";
import { commitTrust, verifyCommitTrust } from "../sign/trust.ts";
import { Transaction } from "../transaction.ts";
import { writeCommit } from "../write-commit.ts";
import { Download, type DownloadedManifest, findManifest } from "./download.ts";
import { fetchLayers, type LayerMaker } from "./fetch-layers.ts";
import { type ImageLayers, imageLabels, imageLayers, requireHostImage } from "./image-layout.ts";
import { formatImage, type ImageReference, type ImageTrust, type OstreeImageReference } from "./image-reference.ts";
import {
  blobRef,
  deployedImageRef,
  findImage,
  imageRef,
  notePending,
  recordMetadata,
  type StoredImage,
} from "./image-store.ts";
import { mergeLayers } from "./merge-layers.ts";
import {
  importObjectLayer,
  isEmptyCommit,
  isObjectSet,
  type LayerCommit,
  type ObjectLayer,
  writeObjectSet,
} from "./object-layer.ts";
import { findPolicy, requireSigningPolicy } from "./signature-policy.ts";
import type { SkopeoOptions } from "./skopeo.ts";
import { importTreeLayer } from "./tree-layer.ts";

export interface PullImageOptions extends Pick<SkopeoOptions, "signal" | "authFile"> {
  /** Bring only what tells of the version, where the image is so made that there is less of that. */
  readonly commitMetadataOnly?: boolean;
  /** Use what was fetched. */
  readonly cacheOnly?: boolean;
}

export interface PulledImage {
  readonly digest: OciDigest;
  /** What is to be deployed; without all of its files after `commitMetadataOnly`. */
  readonly commit: Checksum;
  /** Bytes of layers that came, or must come yet. */
  readonly bytes: number;
  /** Layers of those bytes, and all. */
  readonly layers: { readonly fetched: number; readonly total: number };
}

/** Fetches what is not here of an image, and makes a commit of it. */
export async function pullImage(
  repo: Repo,
  { image, trust }: OstreeImageReference,
  { cacheOnly = false, commitMetadataOnly = false, ...options }: PullImageOptions = {},
  progress: ProgressListener = silent,
): Promise<PulledImage> {
  if (trust.kind === "policy") requireSigningPolicy(image, findPolicy());
  if (cacheOnly) return fetchedBefore(repo, { image, trust });
  const found = await findManifest(image, options);
  const known = found.digest === undefined ? undefined : findImage(repo, image, found.digest);
  if (known !== undefined && isAsTrusted(known, trust) && !repo.isPartial(known.commit)) {
    // The keys of the remote may be others than when it was fetched.
    if (trust.kind === "remote") await verifyStored(repo, trust, known.commit);
    keepImage(repo, image, known);
    return { ...known, bytes: 0, layers: { fetched: 0, total: known.manifest.layers.length } };
  }
  using download = Download.open(repo, found, options);
  const documents = await download.manifest();
  const pull = new ImagePull(repo, { image, trust }, documents, options, progress);
  if (commitMetadataOnly) {
    const preview = await pull.commitOnly(download);
    if (preview !== undefined) return preview;
  }
  const pulled = await pull.whole(download);
  download.finish();
  return pulled;
}

/** What was fetched without asking who signed it is not taken for what must be signed. */
function isAsTrusted(known: StoredImage, { kind }: ImageTrust): boolean {
  return kind === "unverified" || known.trust === kind;
}

function fetchedBefore(repo: Repo, { image, trust }: OstreeImageReference): PulledImage {
  const known = findImage(repo, image);
  if (known === undefined || !isAsTrusted(known, trust) || repo.isPartial(known.commit))
    throw ostreeError("image-fetch", `${formatImage(image)} was not fetched yet, or not verified`);
  return { ...known, bytes: 0, layers: { fetched: 0, total: known.manifest.layers.length } };
}

/** The reference leads to it now, or leads there again. */
function keepImage(repo: Repo, image: ImageReference, { record, digest }: StoredImage): void {
  for (const ref of [imageRef(image), deployedImageRef(digest)])
    if (repo.tryResolve(ref) !== record) repo.setRef(ref, record);
  notePending(repo, image, undefined);
}

async function verifyStored(repo: Repo, trust: ImageTrust & { kind: "remote" }, commit: Checksum): Promise<void> {
  const detached = repo.has(commit, "commitmeta") ? repo.loadMetadata(commit, "commitmeta") : undefined;
  const bytes = repo.loadMetadata(commit, "commit");
  await verifyCommitTrust(commitTrust(repo, trust.remote), commit, bytes, detached);
}

class ImagePull {
  readonly #repo: Repo;
  readonly #reference: OstreeImageReference;
  readonly #documents: DownloadedManifest;
  readonly #config: OciImageConfig;
  readonly #layers: ImageLayers;
  readonly #options: SkopeoOptions;
  readonly #progress: ProgressListener;

  constructor(
    repo: Repo,
    reference: OstreeImageReference,
    documents: DownloadedManifest,
    options: SkopeoOptions,
    progress: ProgressListener,
  ) {
    this.#repo = repo;
    this.#reference = reference;
    this.#documents = documents;
    this.#options = options;
    this.#progress = progress;
    const name = formatImage(reference.image);
    this.#config = decodeImageConfig(documents.config, name);
    requireHostImage(this.#config, name);
    this.#layers = imageLayers(documents.manifest, this.#config);
    if (reference.trust.kind === "remote" && (!this.#layers.commit || this.#layers.derived.length > 0))
      throw ostreeError("image-content", `${name} has layers that the signature of a commit does not cover`, {
        hint: "ostree-image-signed:  has the image itself verified",
      });
  }

  /** The commit with its directories: enough to tell of the version. Undefined where the image is not made so. */
  async commitOnly(download: Download): Promise<PulledImage | undefined> {
    const { commit: layer, chunks, derived } = this.#layers;
    if (layer === undefined || chunks.length === 0 || derived.length > 0) return undefined;
    const missing = this.#missing();
    if (missing.some(({ digest }) => digest === layer.digest)) await this.#fetch(download, [layer]);
    const commit = this.#announced(this.#commitOf(layer)!);
    const { digest, bytes: manifest, config } = this.#documents;
    notePending(this.#repo, this.#reference.image, { digest, manifest, config });
    return { digest: this.#documents.digest, commit, ...this.#told(missing) };
  }

  async whole(download: Download): Promise<PulledImage> {
    const missing = this.#missing();
    await this.#fetch(download, missing);
    const { commit: layer, derived } = this.#layers;
    const base = layer && this.#announced(this.#commitOf(layer)!);
    if (base !== undefined) await this.#complete(base);
    const record = await this.#record(
      base,
      derived.map((one) => this.#commitOf(one)!),
    );
    const commit = base !== undefined && derived.length === 0 ? base : record;
    return { digest: this.#documents.digest, commit, ...this.#told(missing) };
  }

  #told(layers: readonly OciDescriptor[]): Pick<PulledImage, "bytes" | "layers"> {
    const bytes = layers.reduce((sum, { size }) => sum + size, 0);
    return { bytes, layers: { fetched: layers.length, total: this.#documents.manifest.layers.length } };
  }

  /** What stands for a layer here. */
  #commitOf({ digest }: OciDescriptor): Checksum | undefined {
    const commit = this.#repo.tryResolve(blobRef(digest));
    return commit !== undefined && this.#repo.has(commit, "commit") ? commit : undefined;
  }

  /** Whether a layer is here, made the way that this image has it: another may have it for another purpose. */
  #isHere(layer: OciDescriptor): boolean {
    const made = this.#commitOf(layer);
    if (made === undefined) return false;
    const { commit, chunks } = this.#layers;
    if (layer.digest === commit?.digest) return made === this.#config.labels.get(imageLabels.commit);
    const wanted = chunks.some(({ digest }) => digest === layer.digest);
    return isObjectSet(this.#repo, made) === wanted || isEmptyCommit(this.#repo, made);
  }

  /** Each once, though a layer may stand twice in an image. */
  #missing(): OciDescriptor[] {
    const layers = new Map(this.#documents.manifest.layers.map((layer) => [layer.digest, layer]));
    return [...layers.values()].filter((layer) => !this.#isHere(layer));
  }

  #fetch(download: Download, layers: readonly OciDescriptor[]): Promise<void> {
    const make: LayerMaker = async (transaction, archive, { digest }) => {
      const { commit, chunks } = this.#layers;
      const isCommit = digest === commit?.digest;
      if (!isCommit && !chunks.some((chunk) => chunk.digest === digest))
        return importTreeLayer(transaction, archive, this.#progress);
      return this.#objects(transaction, await importObjectLayer(transaction, archive, this.#progress), isCommit);
    };
    const { signal } = this.#options;
    const order = { layers, refOf: blobRef, make, signal };
    return fetchLayers(this.#repo, download, this.#documents, order, this.#progress);
  }

  async #objects(transaction: Transaction, layer: ObjectLayer, isCommit: boolean): Promise<Checksum> {
    if (!isCommit) {
      if (layer.commit === undefined) return writeObjectSet(transaction, layer.objects);
      throw ostreeError("image-content", "a layer after the first has a commit");
    }
    if (layer.commit === undefined) throw ostreeError("image-content", "the first layer has no commit");
    this.#announced(layer.commit.checksum);
    await this.#verify(layer.commit);
    const { checksum, detached } = layer.commit;
    if (detached !== undefined) transaction.writeMetadata("commitmeta", detached, checksum);
    // Its files are in other layers, unless it is here already.
    if (!this.#repo.has(checksum, "commit")) markPartial(this.#repo, checksum);
    return checksum;
  }

  /** The commit, if it is the one that the image's label tells of. */
  #announced(commit: Checksum): Checksum {
    const announced = this.#config.labels.get(imageLabels.commit);
    if (announced === undefined || announced === commit) return commit;
    throw ostreeError("image-content", `the image announces commit ${announced}, but has ${commit}`);
  }

  async #verify({ checksum, bytes, detached }: LayerCommit): Promise<void> {
    const { trust } = this.#reference;
    if (trust.kind !== "remote") return;
    await verifyCommitTrust(commitTrust(this.#repo, trust.remote), checksum, bytes, detached);
  }

  /** What is missing from an image shows here, not in a machine that does not boot. */
  async #complete(commit: Checksum): Promise<void> {
    const { trust } = this.#reference;
    if (trust.kind === "remote") await verifyStored(this.#repo, trust, commit);
    if (!this.#repo.isPartial(commit)) return;
    const [missing, ...others] = findMissing(this.#repo, Inventory.read(this.#repo), [commit]);
    if (missing !== undefined) {
      const more = others.length === 0 ? "" : ` and ${others.length} more`;
      throw ostreeError("image-content", `the image lacks ${missing.checksum}.${missing.type}${more} of its commit`);
    }
    clearPartial(this.#repo, commit);
  }

  /** Writes the commit that stands for the image, and sets the refs that lead to it. */
  async #record(base: Checksum | undefined, derived: readonly Checksum[]): Promise<Checksum> {
    const repo = this.#repo;
    using transaction = Transaction.begin(repo);
    const commits = [base ?? [], derived].flat();
    const { tree, meta } =
      derived.length === 0 ? repo.loadCommit(base!) : await mergeLayers(transaction, commits, this.#progress);
    const { digest, bytes: manifest, config } = this.#documents;
    const record = writeCommit(repo, {
      tree,
      meta,
      timestamp: this.#timestamp(base),
      metadata: recordMetadata(
        { digest, manifest, config },
        this.#reference.trust,
        this.#config.labels.get(imageLabels.version),
      ),
      ...(base === undefined ? {} : { parent: base }),
      transaction,
    });
    for (const ref of [imageRef(this.#reference.image), deployedImageRef(digest)]) transaction.setRef(ref, record);
    transaction.commit();
    return record;
  }

  /** The image's own time (`timestamp_of_manifest_or_config`), else its commit's. */
  #timestamp(base: Checksum | undefined): bigint {
    const { manifest } = this.#documents;
    const text = manifest.annotations.get("org.opencontainers.image.created") ?? this.#config.created ?? "";
    const seconds = Math.floor(Date.parse(text) / 1000);
    if (Number.isSafeInteger(seconds) && seconds >= 0) return BigInt(seconds);
    return base === undefined ? 0n : this.#repo.loadCommit(base).timestamp;
  }
}
