// SPDX-License-Identifier: Apache-2.0
/** What `upgrade`, `deploy` and `rebase` do alike: find a commit, say what it changes, download it, deploy it. */
import { type ProgressListener, silent, stage as progressStage } from "../base/index.ts";
import type { Keyfile } from "../formats/index.ts";
import {
  type Checksum,
  isChecksum,
  type OstreeImageReference,
  parseRefSpec,
  pull,
  type PullOptions,
  tryFindRemote,
} from "../ostree/index.ts";
import { diffPackages, type PackageChange, type PackageDiff } from "../packages/index.ts";
import { baseCommit, type VersionInfo, versionInfo } from "./commit-metadata.ts";
import { deploy, type DeployRequest, type DeployResult } from "./deploy.ts";
import { hostError } from "./errors.ts";
import { findRevision } from "./find-version.ts";
import { type FailedVersion, failedVersion } from "./health/failed-versions.ts";
import { refuseFailed, refuseOnTrial } from "./health/refuse.ts";
import { deployedDigest, fetchImage, followedImage, mendFromImage, pruneSysroot } from "./images.ts";
import { assembleLayers } from "./layers/assemble-layers.ts";
import { editWish } from "./layers/edit-wish.ts";
import { importChange, type LayerChange } from "./layers/import-change.ts";
import { trimPackageRefs } from "./layers/refs.ts";
import { readWish, writeWish } from "./layers/wish.ts";
import { ensureRoom } from "./make-room.ts";
import type { Deployment } from "./model.ts";
import { asksForLayers, originImage, originRefspec } from "./origin.ts";
import { newAdvisories, type VersionAdvisory } from "./preview/advisories.ts";
import { fetchEtcDefaults, updateCost } from "./preview/cost.ts";
import { type EtcForecast, forecastDeploymentEtc } from "./preview/etc.ts";
import { layeredUpdates } from "./preview/layered-updates.ts";
import { checkDeploySpace } from "./space.ts";
import type { Sysroot } from "./sysroot.ts";

type Deploying = "stage" | "lockFinalization" | "startFinalizer" | "signal" | "makeRoom";

export interface UpdateRequest extends Pick<DeployRequest, Deploying> {
  readonly stateroot?: string;
  /** Accept a commit that is older than what runs. */
  readonly allowDowngrade?: boolean;
  /** Do not ask the remote: use what was downloaded. */
  readonly cacheOnly?: boolean;
  /** Download but do not deploy. */
  readonly downloadOnly?: boolean;
  /** Change what is layered in the same step. */
  readonly layers?: LayerChange;
  /** Leave packages out of the version that cannot be layered on it; they stay requested. */
  readonly skipBrokenLayers?: boolean;
}

export interface PreviewRequest extends Pick<UpdateRequest, "cacheOnly" | "signal"> {
  /** Bring the version's defaults of /etc, to tell what their merge will do. */
  readonly etc?: boolean;
}

/** Where an update comes from. */
export interface UpdateSource {
  /** `REMOTE:REF`, a local ref, a checksum, or the words for the image. */
  readonly refspec: string;
  /** The container image that it comes in. */
  readonly image?: OstreeImageReference;
  /** A version or commit of that branch; default: its newest. */
  readonly revision?: string;
  /** Take a commit of another branch, too. */
  readonly skipBranchCheck?: boolean;
  /** What would boot next without the update. */
  readonly current: Deployment;
  /** For the new deployment. */
  readonly origin: Keyfile | undefined;
  /** Deploy it even when it is the commit that is deployed already: where it comes from has changed. */
  readonly always?: boolean;
}

/** What an update would do or has done. */
export interface Update {
  readonly refspec: string;
  readonly from: VersionInfo;
  readonly to: VersionInfo;
  /** False: there is nothing to deploy. */
  readonly changed: boolean;
  /** Undefined when the packages of one side are not known. */
  readonly packages: PackageDiff | undefined;
  /** Where packages are layered, of a preview: which of them have newer versions. `packages` are the base's then. */
  readonly layered?: readonly PackageChange[];
  /** What it mends, as far as the commit tells. */
  readonly advisories: readonly VersionAdvisory[];
  /** Bytes of objects and deltas that come over the network, or came; undefined when nobody can tell beforehand. */
  readonly download: number | undefined;
  /** Bytes of the files that it adds to the repository. */
  readonly disk: number | undefined;
  /** What the merge of /etc will do; undefined when the defaults of the version are not known yet. */
  readonly etc: EtcForecast | undefined;
  /** Undefined when nothing was deployed. */
  readonly deployed: DeployResult | undefined;
  /** The new version was tried here and rolled back: an update refuses it unless it is named. */
  readonly failedBefore?: FailedVersion;
}

/** The newest deployment says what to follow: a staged or pending one before the booted one. */
export function currentDeployment(sysroot: Sysroot, stateroot: string | undefined): Deployment {
  const name = sysroot.stateroot(stateroot);
  const current = sysroot.deployments.find((deployment) => deployment.stateroot === name);
  if (current !== undefined) return current;
  throw hostError("no-deployment", `stateroot ${name} has no deployment to upgrade`);
}

export function requireRefspec({ origin, checksum }: Deployment): string {
  const refspec = originRefspec(origin);
  if (refspec !== undefined) return refspec;
  const image = originImage(origin);
  if (image !== undefined)
    throw hostError("not-supported", `the host follows the image ${image}, which has no branch`, {
      hint: "atomic host rebase IMAGE@DIGEST  takes a certain version of an image",
    });
  throw hostError("no-origin", `deployment ${checksum} has no refspec in its origin`);
}

/** What a deployment's updates come from: an image or a branch. */
export function followedSource(deployment: Deployment): Pick<UpdateSource, "refspec" | "image"> {
  const image = followedImage(deployment.origin);
  if (image === undefined) return { refspec: requireRefspec(deployment) };
  return { refspec: originImage(deployment.origin)!, image };
}

/** Whether the host follows a branch of a remote that is configured. */
export function followsRemote(sysroot: Sysroot, stateroot?: string): boolean {
  const { booted, deployments } = sysroot;
  const name = stateroot ?? booted?.stateroot ?? deployments[0]?.stateroot;
  const refspec = originRefspec(deployments.find((deployment) => deployment.stateroot === name)?.origin);
  if (refspec === undefined || isChecksum(refspec)) return false;
  const { remote } = parseRefSpec(refspec);
  return remote !== undefined && tryFindRemote(sysroot.repo, remote) !== undefined;
}

/** Looks for the commit and says what it would change; only commit objects are fetched, and nothing is deployed. */
export async function previewUpdate(
  sysroot: Sysroot,
  source: UpdateSource,
  { cacheOnly = false, etc = false, signal }: PreviewRequest,
  progress: ProgressListener = silent,
): Promise<Update> {
  const how = { cacheOnly, commitMetadataOnly: true, signal };
  const found = await fetchTarget(sysroot, source, how, progress);
  const base = source.image === undefined ? await withCost(sysroot, source, found.commit, { cacheOnly, etc }) : found;
  const update = await describe(sysroot, source, base);
  const layered = await layeredUpdates(sysroot, source.current, how, progress);
  if (layered === undefined) return update;
  // Newer packages are an update also where the base is the same (`rpmostreed_update_generate_variant`).
  return { ...update, layered, changed: update.changed || layered.length > 0 };
}

async function withCost(
  sysroot: Sysroot,
  { refspec }: UpdateSource,
  commit: Checksum,
  { cacheOnly, etc }: { readonly cacheOnly: boolean; readonly etc: boolean },
): Promise<Fetched> {
  if (etc && !cacheOnly) await fetchEtcDefaults(sysroot, refspec, commit);
  const cost = cacheOnly ? undefined : await updateCost(sysroot, refspec, commit);
  return { commit, download: cost?.bytes, disk: cost?.unpacked };
}

/** Downloads the commit and deploys it, in the running machine staged unless asked otherwise. */
export async function applyUpdate(
  sysroot: Sysroot,
  given: UpdateSource,
  request: UpdateRequest,
  progress: ProgressListener = silent,
): Promise<Update> {
  refuseOnTrial(sysroot);
  const source = await withWish(sysroot, given, request, progress);
  // A version like the present one must fit, before anything is downloaded; the new one is measured when it is here.
  await checkRoomFirst(sysroot, source.current, request.makeRoom ?? false);
  const { cacheOnly = false, signal } = request;
  const how = { cacheOnly, commitMetadataOnly: false, signal };
  const fetched = await fetchTarget(sysroot, source, how, progress);
  // From here on the commit of packages and base has no ref until it is deployed.
  using _lock = await sysroot.lock();
  const base = await describe(sysroot, source, fetched);
  if (!base.changed && !asksForLayers(source.origin)) return base;
  if (base.failedBefore !== undefined && source.revision === undefined) refuseFailed(base.failedBefore);
  if (request.allowDowngrade !== true) refuseDowngrade(base);
  const found = await withLayers(sysroot, source, { request, base, fetched }, progress);
  if (found.failedBefore !== undefined && source.revision === undefined) refuseFailed(found.failedBefore);
  if (!found.changed || request.downloadOnly === true) return found;
  const wanted = deployRequest(sysroot, source, { base: base.to.checksum, to: found.to.checksum }, request);
  const deployed = await deployMending(sysroot, source, { wanted, cacheOnly, signal }, progress);
  trimPackageRefs(sysroot);
  pruneSysroot(sysroot, {}, progress);
  return { ...found, deployed };
}

/** What a disk has damaged is fetched again also where no remote has it, but an image. */
async function deployMending(
  sysroot: Sysroot,
  { image }: UpdateSource,
  { wanted, ...how }: { readonly wanted: DeployRequest } & Pick<UpdateRequest, "cacheOnly" | "signal">,
  progress: ProgressListener,
): Promise<DeployResult> {
  try {
    return await deploy(sysroot, wanted, progress);
  } catch (error) {
    if (image === undefined || how.cacheOnly === true || !hostError.is(error, "corrupt")) throw error;
    await mendFromImage(sysroot, image, how, progress);
    return deploy(sysroot, wanted, progress);
  }
}

/** What is requested from now on is deployed even when it comes to the same commit: the origin is another one. */
async function withWish(
  sysroot: Sysroot,
  source: UpdateSource,
  { layers, cacheOnly = false }: UpdateRequest,
  progress: ProgressListener,
): Promise<UpdateSource> {
  if (layers === undefined || source.origin === undefined) return source;
  const before = source.origin.toString();
  const change = await importChange(sysroot, source.current.stateroot, { ...layers, cacheOnly }, progress);
  writeWish(source.origin, editWish(readWish(source.origin), change));
  return source.origin.toString() === before ? source : { ...source, always: true };
}

/** The version as this host has it: with the packages that are layered here, made or at hand. */
async function withLayers(
  sysroot: Sysroot,
  source: UpdateSource,
  { request, base, fetched }: { readonly request: UpdateRequest; readonly base: Update; readonly fetched: Fetched },
  progress: ProgressListener,
): Promise<Update> {
  const { origin, current } = source;
  if (!asksForLayers(origin)) return base;
  const { commit, changed } = await assembleLayers(
    sysroot,
    {
      base: fetched.commit,
      origin,
      current,
      cacheOnly: request.cacheOnly ?? false,
      downloadOnly: request.downloadOnly ?? false,
      skipBroken: request.skipBrokenLayers ?? false,
    },
    progress,
  );
  if (commit === undefined) return { ...base, changed };
  return describe(sysroot, source, { ...fetched, commit }, current.checksum);
}

async function checkRoomFirst(sysroot: Sysroot, current: Deployment, allowed: boolean): Promise<void> {
  using _lock = await sysroot.lock();
  const { checksum } = current;
  ensureRoom(sysroot, () => checkDeploySpace(sysroot, checksum), { checksum, needed: current, allowed });
}

async function fetchTarget(
  sysroot: Sysroot,
  source: UpdateSource,
  how: Pick<PullOptions, "signal"> & { readonly commitMetadataOnly: boolean; readonly cacheOnly: boolean },
  progress: ProgressListener,
): Promise<Fetched> {
  const { repo } = sysroot;
  const { refspec, revision, skipBranchCheck = false, image } = source;
  if (image !== undefined) {
    const { commit, bytes, digest } = await fetchImage(sysroot, image, source.origin, how, progress);
    // Another program may have made another commit of the same image, with the same content.
    const same = source.always !== true && digest === deployedDigest(repo, source.current);
    const own = same ? baseCommit(repo, source.current.checksum) : commit;
    return { commit: own, download: bytes, disk: undefined };
  }
  if (isChecksum(refspec) && revision !== undefined)
    throw hostError("bad-refspec", "Cannot look up version while pinned to commit", { hint: "atomic host rebase" });
  const { remote, ref } = isChecksum(refspec) ? { remote: undefined, ref: refspec } : parseRefSpec(refspec);
  const { cacheOnly, commitMetadataOnly, signal } = how;
  const options = { cacheOnly, skipBranchCheck, signal };
  const chosen = revision === undefined ? undefined : await findRevision(sysroot, refspec, revision, progress, options);
  if (remote === undefined || cacheOnly) return { commit: chosen ?? repo.resolve(refspec), download: 0, disk: 0 };
  const stats = await progressStage(progress, "fetch", commitMetadataOnly ? "Check" : "Download", () =>
    pull(repo, { remote, refs: [chosen ?? ref], commitMetadataOnly, signal }, progress),
  );
  const disk = stats.contentWritten + stats.deltaContentWritten;
  return { commit: chosen ?? repo.resolve(refspec), download: stats.payload, disk };
}

/** A commit, and what it took to bring it. */
interface Fetched {
  readonly commit: Checksum;
  readonly download: number | undefined;
  readonly disk: number | undefined;
}

/** @param present what it is compared with: without packages of this host as long as the commit has none */
async function describe(
  sysroot: Sysroot,
  source: UpdateSource,
  { commit, download, disk }: Fetched,
  present: Checksum = baseCommit(sysroot.repo, source.current.checksum),
): Promise<Update> {
  const { refspec, current, always } = source;
  // Only here: the composer is much to load for a command that asks for a status.
  const { treePackages } = await import("../compose/index.ts");
  const { repo } = sysroot;
  const [before, after] = [treePackages(repo, present), treePackages(repo, commit)];
  const merge = sysroot.mergeDeployment(current.stateroot);
  const failedBefore = failedVersion(sysroot, commit);
  return {
    ...(failedBefore === undefined ? {} : { failedBefore }),
    refspec,
    from: versionInfo(repo, present),
    to: versionInfo(repo, commit),
    changed: always === true || commit !== present,
    packages: before === undefined || after === undefined ? undefined : diffPackages(before, after),
    advisories: newAdvisories(repo, present, commit),
    download,
    disk,
    etc: merge === undefined ? undefined : forecastDeploymentEtc(sysroot, merge, commit),
    deployed: undefined,
  };
}

/** A replayed old commit would bring back holes that are mended (`ostree_sysroot_upgrader_check_timestamps`). */
function refuseDowngrade({ from, to }: Update): void {
  if (from.timestamp === undefined || to.timestamp === undefined || to.timestamp >= from.timestamp) return;
  const name = (info: VersionInfo) => info.version ?? info.checksum.slice(0, 12);
  throw hostError("downgrade", `${name(to)} is older than ${name(from)}`, {
    hint: "--allow-downgrade accepts it; atomic host rollback goes back without downloading",
  });
}

function deployRequest(
  sysroot: Sysroot,
  { current, origin, revision }: UpdateSource,
  { base, to }: { readonly base: Checksum; readonly to: Checksum },
  { stage, lockFinalization, startFinalizer, signal, makeRoom }: UpdateRequest,
): DeployRequest {
  // Says that it is not the branch's newest on purpose; the next upgrade drops it (`apply_revision_override`).
  if (revision !== undefined) origin?.set("origin", "override-commit", base);
  return {
    stateroot: current.stateroot,
    rev: to,
    kernelArgs: current.kernelArgs,
    imageKernelArgs: { since: current.checksum },
    ...(origin === undefined ? {} : { origin }),
    stage: stage ?? sysroot.booted !== undefined,
    ...(lockFinalization === undefined ? {} : { lockFinalization }),
    ...(startFinalizer === undefined ? {} : { startFinalizer }),
    ...(makeRoom === undefined ? {} : { makeRoom }),
    signal,
  };
}
