// SPDX-License-Identifier: Apache-2.0
/**
 * Images of containers in a repository, as Project Atomic's system containers had them (skopeo's transport `ostree:`): a ref
 * `ociimage/DIGEST` for each layer, and one of the image's name whose commit has the manifest. Layers that are here are not
 * fetched again, and files that several have are stored once.
 */
import { type ProgressListener, silent } from "../../base/index.ts";
import {
  decodeImageConfig,
  decodeManifest,
  type OciDescriptor,
  type OciDigest,
  type OciImageConfig,
  type OciManifest,
  type Variant,
} from "../../formats/index.ts";
import type { Checksum } from "../model.ts";
import { ostreeError } from "../errors.ts";
import type { Repo } from "../repo.ts";
import { Transaction } from "../transaction.ts";
import { writeCommit } from "../write-commit.ts";
import { Download, type DownloadedManifest, findManifest } from "./download.ts";
import { fetchLayers } from "./fetch-layers.ts";
import { goArchitecture } from "./image-layout.ts";
import { formatImage, type ImageReference, type OstreeImageReference } from "./image-reference.ts";
import { mergeLayers } from "./merge-layers.ts";
import { findPolicy, requireSigningPolicy } from "./signature-policy.ts";
import type { SkopeoOptions } from "./skopeo.ts";
import { importTreeLayer } from "./tree-layer.ts";

export interface ContainerImage {
  /** The commit that has all of its files, and its manifest. */
  readonly commit: Checksum;
  /** Of the manifest. */
  readonly digest: OciDigest;
  /** Of the configuration: the image's id. */
  readonly id: OciDigest;
  readonly manifest: OciManifest;
  readonly config: OciImageConfig;
}

export interface PulledContainer extends ContainerImage {
  /** Layers that came, and all. */
  readonly layers: { readonly fetched: number; readonly total: number };
}

const prefix = "ociimage/";
const layerPattern = /^ociimage\/[0-9a-f]{64}$/;
const layerRef = (digest: OciDigest): string => prefix + digest.slice("sha256:".length);

/** What else than letters, digits, `.` and `-` a name has is written as the number of its bytes (containers/image, ostree). */
export function containerRef(image: ImageReference): string {
  const name = Buffer.from(image.transport === "docker" ? image.name : formatImage(image));
  const written = Array.from(name, (byte) => {
    const letter = String.fromCharCode(byte);
    return /[A-Za-z0-9.-]/.test(letter) ? letter : `_${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  });
  return prefix + written.join("");
}

/** `docker.*` are those of containers/image; it kept the configuration elsewhere. */
const keys = { digest: "docker.digest", manifest: "docker.manifest", config: "atomic.image-config" } as const;

/** Fetches what is not here of an image; it may be of any making, but must be for this machine. */
export async function pullContainer(
  repo: Repo,
  { image, trust }: OstreeImageReference,
  options: SkopeoOptions = {},
  progress: ProgressListener = silent,
): Promise<PulledContainer> {
  if (trust.kind === "remote")
    throw ostreeError("bad-image", `${formatImage(image)}: a container has no commit that a remote could sign`);
  if (trust.kind === "policy") requireSigningPolicy(image, findPolicy());
  const found = await findManifest(image, options);
  using download = Download.open(repo, found, options);
  // Also of an image that is here: whether the policy lets it pass is asked each time.
  const documents = await download.manifest();
  const config = decodeImageConfig(documents.config, formatImage(image));
  requireArchitecture(config, image);
  const missing = missingLayers(repo, documents.manifest);
  const make: Parameters<typeof fetchLayers>[3]["make"] = (transaction, archive) =>
    importTreeLayer(transaction, archive, progress, "container");
  const order = { layers: missing, refOf: layerRef, make, signal: options.signal };
  await fetchLayers(repo, download, documents, order, progress);
  const { commit } = knownImage(repo, image, documents.digest) ?? (await record(repo, image, documents, progress));
  download.finish();
  const { digest, manifest } = documents;
  const layers = { fetched: missing.length, total: manifest.layers.length };
  return { commit, digest, id: manifest.config.digest, manifest, config, layers };
}

function requireArchitecture({ architecture, os }: OciImageConfig, image: ImageReference): void {
  const wanted = goArchitecture();
  // Images that are made of an archive may say neither.
  if ((architecture === "" || architecture === wanted) && (os === "" || os === "linux")) return;
  throw ostreeError("image-content", `${formatImage(image)} is for ${os}/${architecture}, not linux/${wanted}`);
}

function missingLayers(repo: Repo, { layers }: OciManifest): OciDescriptor[] {
  const different = new Map(layers.map((layer) => [layer.digest, layer]));
  return [...different.values()].filter(({ digest }) => layerCommit(repo, digest) === undefined);
}

function layerCommit(repo: Repo, digest: OciDigest): Checksum | undefined {
  const commit = repo.tryResolve(layerRef(digest));
  return commit !== undefined && repo.has(commit, "commit") ? commit : undefined;
}

function knownImage(repo: Repo, image: ImageReference, digest: OciDigest): ContainerImage | undefined {
  const commit = repo.tryResolve(containerRef(image));
  const known = commit === undefined ? undefined : readContainer(repo, commit);
  return known?.digest === digest ? known : undefined;
}

/** The image that a commit was made of; undefined for one that is none of ours. */
export function readContainer(repo: Repo, commit: Checksum): ContainerImage | undefined {
  if (!repo.has(commit, "commit")) return undefined;
  const { metadata } = repo.loadCommit(commit);
  const [digest, manifest, config] = [keys.digest, keys.manifest, keys.config].map((key) => metadata.get(key));
  if (digest?.type !== "s" || manifest?.type !== "s" || config?.type !== "s") return undefined;
  const decoded = decodeManifest(Buffer.from(String(manifest.value)), commit);
  return {
    commit,
    digest: String(digest.value) as OciDigest,
    id: decoded.config.digest,
    manifest: decoded,
    config: decodeImageConfig(Buffer.from(String(config.value)), commit),
  };
}

async function record(
  repo: Repo,
  image: ImageReference,
  { digest, manifest, bytes, config }: DownloadedManifest,
  progress: ProgressListener,
): Promise<{ readonly commit: Checksum }> {
  using transaction = Transaction.begin(repo);
  const layers = manifest.layers.map((layer) => layerCommit(repo, layer.digest)!);
  if (layers.length === 0) throw ostreeError("image-content", `${formatImage(image)} has no layers`);
  const { tree, meta } = await mergeLayers(transaction, layers, progress);
  const text = (value: string): Variant => ({ type: "s", value });
  const metadata = new Map([
    [keys.config, text(config.toString())],
    [keys.digest, text(digest)],
    [keys.manifest, text(bytes.toString())],
  ]);
  const commit = writeCommit(repo, { tree, meta, timestamp: 0, metadata, transaction });
  transaction.setRef(containerRef(image), commit);
  transaction.commit();
  return { commit };
}

/**
 * Forgets images that were fetched here and that neither of these refs is of, and layers that no image has any more.
 * @param keep refs of images that are to stay; other refs than `ociimage/` are nobody's business here, and their layers stay
 * @returns how many refs were dropped
 */
export function forgetContainers(repo: Repo, keep: ReadonlySet<string>): number {
  const refs = repo.listRefs();
  const isDropped = (ref: string, commit: Checksum) =>
    ref.startsWith(prefix) && !layerPattern.test(ref) && !keep.has(ref) && readContainer(repo, commit) !== undefined;
  const left = [...refs].filter(([ref, commit]) => !layerPattern.test(ref) && !isDropped(ref, commit));
  const used = new Set(left.flatMap(([, commit]) => layersOf(repo, commit)));
  const dropped = [...refs].filter(([ref, commit]) =>
    layerPattern.test(ref) ? !used.has(ref) : isDropped(ref, commit),
  );
  if (dropped.length === 0) return 0;
  using transaction = Transaction.begin(repo);
  for (const [ref] of dropped) transaction.setRef(ref, undefined);
  transaction.commit();
  return dropped.length;
}

/** Also of images that another program fetched, whose commit has the manifest alone. */
function layersOf(repo: Repo, commit: Checksum): string[] {
  const manifest = repo.has(commit, "commit") ? repo.loadCommit(commit).metadata.get(keys.manifest) : undefined;
  if (manifest?.type !== "s") return [];
  return decodeManifest(Buffer.from(String(manifest.value)), commit).layers.map(({ digest }) => layerRef(digest));
}
