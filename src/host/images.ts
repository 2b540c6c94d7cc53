// SPDX-License-Identifier: Apache-2.0
/** Hosts that follow a container image instead of a branch (rpm-ostree's and bootc's `container-image-reference`). */
import { type ProgressListener, silent } from "../base/index.ts";
import { asOciDigest, Keyfile, type OciDigest } from "../formats/index.ts";
import {
  type Checksum,
  findImage,
  forgetImages,
  imageDigestOf,
  type ImageReference,
  isImageReference,
  listImages,
  type OstreeImageReference,
  parseImage,
  parseOstreeImage,
  pullImage,
  type PulledImage,
  type Repo,
} from "../ostree/index.ts";
import { baseCommit, tryLoadCommit } from "./commit-metadata.ts";
import type { Deployment } from "./model.ts";
import { inheritedOrigin, originImage } from "./origin.ts";
import { type PruneReport, pruneRepository } from "./prune-repository.ts";
import type { Sysroot } from "./sysroot.ts";

const [imageKey, digestKey] = ["container-image-reference", "container-image-reference-digest"] as const;

/** The image that a deployment's updates come from. */
export function followedImage(origin: Keyfile | undefined): OstreeImageReference | undefined {
  const words = originImage(origin);
  return words === undefined || !isImageReference(words) ? undefined : parseOstreeImage(words);
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
  if (noted !== undefined) return asOciDigest(noted, "the origin");
  return imageDigestOf(tryLoadCommit(repo, baseCommit(repo, checksum)));
}

/** The commit of the image's newest version that was fetched. */
export function fetchedImageCommit(repo: Repo, image: ImageReference): Checksum | undefined {
  return findImage(repo, image)?.commit;
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
  const followed = deployments.flatMap(({ origin }) => followedImage(origin)?.image ?? []);
  const digests = deployments.flatMap((deployment) => deployedDigest(repo, deployment) ?? []);
  const images = keepImages ? listImages(repo).map(parseImage) : followed;
  forgetImages(repo, { images, digests });
  return pruneRepository(repo, progress);
}
