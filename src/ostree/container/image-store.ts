// SPDX-License-Identifier: Apache-2.0
/**
 * What a repository keeps of images, by the refs and metadata of ostree-rs-ext (its container/store.rs), so that rpm-ostree
 * and bootc find what we fetched and we what they did: a commit for each layer, and for each image one with its manifest.
 */
import {
  decodeImageConfig,
  decodeManifest,
  formatError,
  type OciDigest,
  type OciImageConfig,
  type OciManifest,
  readGVariant,
  tryOciDigest,
  type Variant,
  writeGVariant,
} from "../../formats/index.ts";
import { type Checksum, type Commit, isChecksum } from "../model.ts";
import { Transaction } from "../transaction.ts";
import type { Repo } from "../repo.ts";
import { imageLabels } from "./image-layout.ts";
import { formatImage, type ImageReference, type ImageTrust } from "./image-reference.ts";
import { escapeForRef, unescapeRef } from "./ref-escape.ts";

const blobPrefix = "ostree/container/blob/";
const imagePrefix = "ostree/container/image/";
/** Images that no reference leads to any more but deployments are made of: layers of such are kept, by others too. */
const deployedPrefix = "ostree/container/baseimage/atomic/";

export function blobRef(digest: OciDigest): string {
  return `${blobPrefix}${escapeForRef(digest)}`;
}

export function imageRef(image: ImageReference): string {
  return `${imagePrefix}${escapeForRef(formatImage(image))}`;
}

export function deployedImageRef(digest: OciDigest): string {
  return `${deployedPrefix}${escapeForRef(digest)}`;
}

/** An image that was fetched. */
export interface StoredImage {
  /** The commit that stands for the image; it has the manifest. */
  readonly record: Checksum;
  /** What is deployed of it: the commit that came in it, or where layers were laid over that, the record. */
  readonly commit: Checksum;
  readonly digest: OciDigest;
  readonly manifest: OciManifest;
  readonly config: OciImageConfig | undefined;
  /** Undefined where another program fetched it. */
  readonly trust: ImageTrust["kind"] | undefined;
}

const keys = {
  digest: "ostree.manifest-digest",
  manifest: "ostree.manifest",
  config: "ostree.container.image-config",
  /** Says who fetched it; nobody reads it. */
  importer: "ostree.importer.version",
  /** Ours: who vouched for it when it was fetched. */
  trust: "atomic.image-trust",
} as const;

export interface ImageDocuments {
  readonly digest: OciDigest;
  readonly manifest: Buffer;
  readonly config: Buffer;
}

/** Metadata of a record, by name. */
export function recordMetadata(
  documents: ImageDocuments,
  trust: ImageTrust,
  version: string | undefined,
): Map<string, Variant> {
  const text = (value: string): Variant => ({ type: "s", value });
  return new Map([
    [keys.trust, text(trust.kind)],
    [keys.config, text(documents.config.toString())],
    [keys.importer, text("atomic")],
    [keys.manifest, text(documents.manifest.toString())],
    [keys.digest, text(documents.digest)],
    ...(version === undefined ? [] : [["version", text(version)] as const]),
  ]);
}

/** The digest of the manifest that a commit was made of; undefined for what is no image's record. */
export function imageDigestOf(commit: Commit | undefined): OciDigest | undefined {
  const digest = commit?.metadata.get(keys.digest);
  return digest?.type === "s" ? tryOciDigest(String(digest.value)) : undefined;
}

/** What is here of the image at this reference, or that a deployment has with this digest. */
export function findImage(repo: Repo, image: ImageReference, digest?: OciDigest): StoredImage | undefined {
  const refs = [imageRef(image), ...(digest === undefined ? [] : [deployedImageRef(digest)])];
  const found = refs.map((ref) => repo.tryResolve(ref)).map((record) => record && readRecord(repo, record));
  return found.find((stored) => stored && (digest === undefined || stored.digest === digest));
}

const trustKinds: readonly ImageTrust["kind"][] = ["policy", "unverified", "remote"];

/** A record that nobody can read is none: the image is fetched again (`try_query_image`). */
function readRecord(repo: Repo, record: Checksum): StoredImage | undefined {
  return unlessDamaged(() => decodeRecord(repo, record));
}

function unlessDamaged<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (formatError.is(error, "oci")) return undefined;
    throw error;
  }
}

function decodeRecord(repo: Repo, record: Checksum): StoredImage | undefined {
  if (!repo.has(record, "commit")) return undefined;
  const content = repo.loadCommit(record);
  const digest = imageDigestOf(content);
  const [manifest, config] = [keys.manifest, keys.config].map((key) => content.metadata.get(key));
  if (digest === undefined || manifest?.type !== "s") return undefined;
  const what = `the record of ${digest}`;
  // ostree-rs-ext's parent is the commit that came in the image, also where nothing was laid over it.
  const { parent, tree } = content;
  const bare = parent !== undefined && repo.has(parent, "commit") && repo.loadCommit(parent).tree === tree;
  const known = config?.type === "s" && config.value !== "null";
  return {
    record,
    commit: bare ? parent : record,
    digest,
    manifest: decodeManifest(Buffer.from(String(manifest.value)), what),
    trust: trustKinds.find((kind) => kind === content.metadata.get(keys.trust)?.value),
    config: known ? decodeImageConfig(Buffer.from(String(config.value)), what) : undefined,
  };
}

/** A newer version of an image that was looked at and not fetched. */
export interface PendingImage {
  readonly digest: OciDigest;
  /** What would be deployed, as far as the image tells. */
  readonly commit: Checksum | undefined;
}

/** rpm-ostree and bootc read them to tell of an update (`ImageImporter::cache_pending`). */
const pendingKeys = {
  digest: "ostree-ext.cached.manifest-digest",
  manifest: "ostree-ext.cached.manifest",
  config: "ostree-ext.cached.config",
} as const;

/** Notes at the image's record, in its detached metadata, what the reference leads to by now; without it, that it is the record. */
export function notePending(repo: Repo, image: ImageReference, documents: ImageDocuments | undefined): void {
  const record = repo.tryResolve(imageRef(image));
  if (record === undefined) return;
  const text = (value: string): Variant => ({ type: "s", value });
  const pending = new Map<string, Variant>();
  if (documents !== undefined) {
    pending.set(pendingKeys.config, text(documents.config.toString()));
    pending.set(pendingKeys.manifest, text(documents.manifest.toString()));
    pending.set(pendingKeys.digest, text(documents.digest));
  } else if (findPending(repo, image) === undefined) return;
  using transaction = Transaction.begin(repo);
  transaction.writeMetadata("commitmeta", writeGVariant("a{sv}", pending), record);
  transaction.commit();
}

export function findPending(repo: Repo, image: ImageReference): PendingImage | undefined {
  const record = repo.tryResolve(imageRef(image));
  if (record === undefined || !repo.has(record, "commitmeta")) return undefined;
  const what = `${record}.commitmeta`;
  const metadata = readGVariant("a{sv}", repo.loadMetadata(record, "commitmeta"), what) as ReadonlyMap<string, Variant>;
  const [digest, config] = [metadata.get(pendingKeys.digest), metadata.get(pendingKeys.config)];
  if (digest?.type !== "s" || config?.type !== "s") return undefined;
  const known = tryOciDigest(String(digest.value));
  if (known === undefined) return undefined;
  const decoded = unlessDamaged(() => decodeImageConfig(Buffer.from(String(config.value)), what));
  const commit = decoded?.labels.get(imageLabels.commit);
  return {
    digest: known,
    commit: commit !== undefined && isChecksum(commit) ? commit : undefined,
  };
}

export interface UsedImages {
  readonly images: readonly ImageReference[] | "all";
  /** Of deployments. */
  readonly digests: readonly OciDigest[];
}

/**
 * Forgets images that are not used, and layers that no image has (`remove_undeployed_images`, `gc_image_layers`). Their
 * objects go with the next prune. @returns refs removed
 */
export function forgetImages(repo: Repo, used: UsedImages): number {
  const refs = repo.listRefs();
  const references = used.images === "all" ? [...refs.keys()].filter(isImageRef) : used.images.map(imageRef);
  const kept = new Set([...references, ...used.digests.map(deployedImageRef)]);
  const isRecord = (ref: string) => isImageRef(ref) || ref.startsWith(deployedPrefix);
  const layers = new Set<string>();
  for (const [ref, record] of refs) {
    const isOthers = ref.startsWith("ostree/container/baseimage/") && !isRecord(ref);
    const isDeployed = /^(ostree\/[01]|rpmostree\/base)\//.test(ref);
    if (!kept.has(ref) && !isOthers && !isDeployed) continue;
    for (const { digest } of readRecord(repo, record)?.manifest.layers ?? []) layers.add(blobRef(digest));
  }
  const dropped = [...refs.keys()].filter((ref) =>
    ref.startsWith(blobPrefix) ? !layers.has(ref) : isRecord(ref) && !kept.has(ref),
  );
  if (dropped.length === 0) return 0;
  using transaction = Transaction.begin(repo);
  for (const ref of dropped) transaction.setRef(ref, undefined);
  transaction.commit();
  return dropped.length;
}

function isImageRef(ref: string): boolean {
  return ref.startsWith(imagePrefix);
}

/** Names of the images that are here, as skopeo has them. */
export function listImages(repo: Repo): string[] {
  const names = [...repo.listRefs().keys()].filter(isImageRef);
  return names.flatMap((ref) => unescapeRef(ref.slice(imagePrefix.length)) ?? []).toSorted();
}
