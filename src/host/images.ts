// SPDX-License-Identifier: Apache-2.0
/** Hosts that follow a container image instead of a branch (rpm-ostree's and bootc's `container-image-reference`). */
import { join } from "node:path";
import { type ProgressListener, removeTree, silent, temporaryName } from "../base/index.ts";
import { Keyfile, type OciDigest, tryOciDigest } from "../formats/index.ts";
import {
  type Checksum,
  findImage,
  findPending,
  forgetImages,
  imageDigestOf,
  imageLabels,
  type ImageReference,
  isChecksum,
  isImageReference,
  type OstreeImageReference,
  ostreeError,
  parseOstreeImage,
  pullImage,
  type PulledImage,
  repair,
  Repo,
} from "../ostree/index.ts";
import { baseCommit, tryLoadCommit } from "./commit-metadata.ts";
import type { Deployment } from "./model.ts";
import { inheritedOrigin, originImage, originRefspec } from "./origin.ts";
import { type PruneReport, pruneRepository } from "./prune-repository.ts";
import type { Sysroot } from "./sysroot.ts";

const [imageKey, digestKey] = ["container-image-reference", "container-image-reference-digest"] as const;

/** The image that a deployment's updates come from. */
export function followedImage(origin: Keyfile | undefined): OstreeImageReference | undefined {
  const words = originImage(origin);
  return words === undefined || !isImageReference(words) ? undefined : parseOstreeImage(words);
}

/** As `followedImage`; undefined also for an image of a kind that only others know: to tell of it, it need not be understood. */
function knownImage(origin: Keyfile | undefined): ImageReference | undefined {
  try {
    return followedImage(origin)?.image;
  } catch (error) {
    if (ostreeError.is(error, "bad-image")) return undefined;
    throw error;
  }
}

/** An origin that follows an image, with what else the present one asks for. */
export function originFromImage(words: string, present: Keyfile | undefined): Keyfile {
  const origin = present === undefined ? Keyfile.empty() : inheritedOrigin(present);
  for (const key of ["refspec", "baserefspec", "custom-url", "custom-description", digestKey])
    origin.removeKey("origin", key);
  origin.set("origin", imageKey, words);
  return origin;
}

/**
 * The digest of the image that a deployment was made of: its origin has it, for the commit is the one that came in the
 * image; rpm-ostree and bootc deploy a commit that has it.
 */
export function deployedDigest(repo: Repo, { origin, checksum }: Deployment): OciDigest | undefined {
  if (originImage(origin) === undefined) return undefined;
  const noted = origin?.get("origin", digestKey);
  if (noted !== undefined) return tryOciDigest(noted);
  return imageDigestOf(tryLoadCommit(repo, baseCommit(repo, checksum)));
}

/** What the image that a deployment was made of says of its version; it may be the only one that does. */
export function deployedImageVersion(repo: Repo, deployment: Deployment): string | undefined {
  const image = knownImage(deployment.origin);
  const digest = image === undefined ? undefined : deployedDigest(repo, deployment);
  if (image === undefined || digest === undefined) return undefined;
  return findImage(repo, image, digest)?.config?.labels.get(imageLabels.version);
}

/** What a deployment's updates come from, in words, and the newest commit of that which is known here. */
export interface KnownUpdates {
  readonly source: string;
  readonly newest: Checksum | undefined;
}

/** Undefined where nothing is followed, as on a host that stays on a commit. */
export function knownUpdates(repo: Repo, origin: Keyfile | undefined): KnownUpdates | undefined {
  const image = knownImage(origin);
  if (image !== undefined) {
    const newest = findPending(repo, image)?.commit ?? findImage(repo, image)?.commit;
    return { source: originImage(origin)!, newest };
  }
  const refspec = originRefspec(origin);
  if (refspec === undefined || isChecksum(refspec)) return undefined;
  return { source: refspec, newest: repo.tryResolve(refspec) };
}

export interface FetchImageOptions {
  readonly cacheOnly: boolean;
  readonly commitMetadataOnly: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Fetches what an image leads to now; the origin is told which it was. */
export async function fetchImage(
  { repo }: Sysroot,
  image: OstreeImageReference,
  origin: Keyfile | undefined,
  options: FetchImageOptions,
  progress: ProgressListener,
): Promise<PulledImage> {
  const pulled = await pullImage(repo, image, options, progress);
  const { fetched, total } = pulled.layers;
  progress({ type: "note", text: `${pulled.digest}: ${total - fetched} of ${total} layers were here` });
  origin?.set("origin", digestKey, pulled.digest);
  return pulled;
}

/** Brings what a disk has damaged anew from an image, which is fetched whole, beside the repository. */
export async function mendFromImage(
  { repo }: Sysroot,
  image: OstreeImageReference,
  options: Pick<FetchImageOptions, "signal">,
  progress: ProgressListener,
): Promise<void> {
  const path = temporaryName(join(repo.path, "tmp"), "image-");
  try {
    const beside = Repo.init(path, repo.mode);
    await pullImage(beside, image, options, progress);
    await repair(repo, { sources: [beside] }, progress);
  } finally {
    removeTree(path);
  }
}

/**
 * Forgets images that no deployment follows or is made of, and the layers that only they have; then what nothing needs is
 * removed from the repository.
 * @param keepImages leave those that lead to the newest fetched: one of them may be about to be deployed
 */
export function pruneSysroot(
  sysroot: Sysroot,
  { keepImages = false } = {},
  progress: ProgressListener = silent,
): PruneReport {
  const { repo, deployments } = sysroot;
  const followed = deployments.flatMap(({ origin }) => knownImage(origin) ?? []);
  const digests = deployments.flatMap((deployment) => deployedDigest(repo, deployment) ?? []);
  forgetImages(repo, { images: keepImages ? "all" : followed, digests });
  return pruneRepository(repo, progress);
}
