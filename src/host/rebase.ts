// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, silent } from "../base/index.ts";
import type { Keyfile } from "../formats/index.ts";
import {
  formatOstreeImage,
  isChecksum,
  isImageReference,
  parseOstreeImage,
  parseRefSpec,
  Transaction,
} from "../ostree/index.ts";
import { hostError } from "./errors.ts";
import { originFromImage } from "./images.ts";
import { inheritedOrigin, originFromRefspec, originImage, originRefspec } from "./origin.ts";
import type { Sysroot } from "./sysroot.ts";
import type { Deployment } from "./model.ts";
import { applyUpdate, currentDeployment, type Update, type UpdateRequest, type UpdateSource } from "./update.ts";

export interface RebaseRequest extends UpdateRequest {
  /**
   * `REMOTE:BRANCH`, `BRANCH` of the same remote, `REMOTE:` with the same branch, `:BRANCH` without remote, a checksum, or a
   * container image (`ostree-unverified-registry:...`).
   */
  readonly refspec: string;
  /** A version or commit of the branch; default: its newest. */
  readonly revision?: string;
  /** Keep the ref of the branch that is left. */
  readonly skipPurge?: boolean;
  /** What put a commit here that was given by its checksum: a URL, and in words. */
  readonly customOrigin?: { readonly url: string; readonly description: string };
}

/**
 * Makes the host follow another branch, and deploys that (rpm-ostree's `rebase`). Older commits are accepted unless
 * `allowDowngrade` is false.
 */
export async function rebase(
  sysroot: Sysroot,
  request: RebaseRequest,
  progress: ProgressListener = silent,
): Promise<Update> {
  const { allowDowngrade = true } = request;
  const current = currentDeployment(sysroot, request.stateroot);
  const old = originRefspec(current.origin);
  const source = rebaseSource(current, request);
  const done = await applyUpdate(sysroot, { ...source, always: true }, { ...request, allowDowngrade }, progress);
  if (done.deployed !== undefined && request.skipPurge !== true && old !== undefined) forgetRef(sysroot, old);
  return done;
}

/** What a deployment is to follow; what else its origin says is kept. */
export function rebaseSource(current: Deployment, request: RebaseRequest): UpdateSource {
  return isImageReference(request.refspec) ? imageSource(current, request) : branchSource(current, request);
}

function branchSource(current: Deployment, { refspec: words, revision, customOrigin }: RebaseRequest): UpdateSource {
  const old = originRefspec(current.origin);
  const refspec = completeRefspec(words, old);
  if (refspec === old && !isChecksum(refspec)) throw equalRefs(refspec);
  const origin = rebasedOrigin(current.origin, refspec, customOrigin);
  return { current, refspec, ...(revision === undefined ? {} : { revision }), origin };
}

function imageSource(current: Deployment, { refspec: words, revision, customOrigin }: RebaseRequest): UpdateSource {
  const image = parseOstreeImage(words);
  const refspec = formatOstreeImage(image);
  if (revision !== undefined || customOrigin !== undefined)
    throw hostError("bad-refspec", `${refspec} is a container image: it has no revisions, and says itself what it is`, {
      hint: "atomic host rebase IMAGE@DIGEST  takes a certain version of an image",
    });
  if (refspec === originImage(current.origin)) throw equalRefs(refspec);
  return { current, refspec, image, origin: originFromImage(refspec, current.origin) };
}

function equalRefs(refspec: string): Error {
  return hostError("bad-refspec", `Old and new refs are equal: ${refspec}`, { hint: "atomic host upgrade" });
}

/** What is left out is taken from the present origin (`rpmostreed_refspec_parse_partial`). */
export function completeRefspec(given: string, present: string | undefined): string {
  const words = given.replace(/^ostree:\/\//, "");
  if (isImageReference(words))
    throw hostError("bad-refspec", `${words} is a container image, not a branch of a repository`);
  if (words === "") throw hostError("bad-refspec", "Refspec is empty");
  if (isChecksum(words)) return words;
  if (words.startsWith("/"))
    throw hostError("not-supported", `${words}: a repository's path cannot be rebased to`, {
      hint: "atomic ostree pull-local it first, then rebase to :BRANCH",
    });
  if (words.startsWith(":")) return checked(words.slice(1));
  const old = present === undefined || isChecksum(present) ? undefined : parseRefSpec(present);
  if (words.endsWith(":")) {
    if (old === undefined) throw hostError("bad-refspec", "Could not determine default ref to pull.");
    return checked(`${words}${old.ref}`);
  }
  return checked(words.includes(":") || old?.remote === undefined ? words : `${old.remote}:${words}`);
}

function checked(refspec: string): string {
  parseRefSpec(refspec);
  return refspec;
}

/** What is layered, and the initramfs's configuration, are kept; rpm-ostree's key for layered hosts, too. */
function rebasedOrigin(present: Keyfile | undefined, refspec: string, custom: RebaseRequest["customOrigin"]): Keyfile {
  if (present === undefined) return originFromRefspec(refspec);
  const origin = inheritedOrigin(present);
  const key = origin.get("origin", "baserefspec") === undefined ? "refspec" : "baserefspec";
  for (const other of [
    "container-image-reference",
    "container-image-reference-digest",
    "custom-url",
    "custom-description",
  ])
    origin.removeKey("origin", other);
  origin.set("origin", key, refspec);
  if (custom === undefined || !isChecksum(refspec)) return origin;
  origin.set("origin", "custom-url", custom.url);
  origin.set("origin", "custom-description", custom.description);
  return origin;
}

/** The deployments keep their commits by refs of their own. */
export function forgetRef({ repo }: Sysroot, refspec: string): void {
  if (isChecksum(refspec) || repo.tryResolve(refspec) === undefined) return;
  using transaction = Transaction.begin(repo);
  transaction.setRef(parseRefSpec(refspec), undefined);
  transaction.commit();
}
