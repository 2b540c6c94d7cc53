// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import {
  isErrno,
  copyFile,
  lstatIfExists,
  type ProgressListener,
  removeTree,
  silent,
  stage as progressStage,
} from "../base/index.ts";
import type { Keyfile } from "../formats/index.ts";
import type { Checksum } from "../ostree/index.ts";
import { type CheckoutRequest, checkOutDeployment } from "./check-out-deployment.ts";
import { checkObjects } from "./check-objects.ts";
import { cleanSysroot } from "./cleanup.ts";
import { hostError } from "./errors.ts";
import { clearFinalizeFailure } from "./finalize-staged.ts";
import { type FinalEtc, finalizeDeployment } from "./finalize.ts";
import { recordDeployment } from "./history.ts";
import { carryImageKernelArgs } from "./image-kernel-args.ts";
import type { KernelArgs } from "./kernel-args.ts";
import type { EtcMergeOptions } from "./merge-etc.ts";
import { ensureRoom } from "./make-room.ts";
import { type Deployment, deploymentId } from "./model.ts";
import { inheritedOrigin, originFromRefspec } from "./origin.ts";
import { stageOverlayBytes } from "./overlay-initrds.ts";
import { keptDeployments, planDeployments, type RetainOptions } from "./retain.ts";
import { retainPolicy } from "./retention.ts";
import { checkDeploySpace, explainFullDisk } from "./space.ts";
import { encodeTrackedInitrd, trackedFiles } from "./tracked-initrd.ts";
import { type Finalizer, stageDeployment, startFinalizer } from "./stage-deployment.ts";
import type { Sysroot } from "./sysroot.ts";
import { type Swap, writeDeployments } from "./write-deployments.ts";

export interface DeployRequest {
  /** Default: the booted stateroot, or the only one. */
  readonly stateroot?: string;
  /** Ref, checksum or other revision of a commit that is in the system root's repository. */
  readonly rev: string;
  /** Whole list without `ostree=`; default: the merge deployment's. */
  readonly kernelArgs?: KernelArgs;
  /** Add what the version asks for in kargs.d, and take away what the one before did (bootc); default: neither. */
  readonly imageKernelArgs?: { readonly since: Checksum | undefined };
  /** A refspec or a whole origin; default: the merge deployment's. */
  readonly origin?: string | Keyfile;
  /** Take over /etc of the booted (else the first) deployment of the stateroot; default true. */
  readonly merge?: boolean;
  /** Default: what the host's owner wants (`retainPolicy`). */
  readonly retain?: RetainOptions;
  /** Remove other versions, the oldest first, when it does not fit. */
  readonly makeRoom?: boolean;
  /** Without a merge: take these files of /etc over all the same, when they are there. */
  readonly etcFiles?: { readonly from: Deployment; readonly paths: readonly string[] };
  /** Further initramfs images, as `stageOverlayInitrd` gave them. */
  readonly overlayInitrds?: readonly string[];
  /** What becomes of changes below /etc that the new version has no place for; default: saved beside. */
  readonly etcConflicts?: EtcMergeOptions["conflicts"];
  /** Leave the boot menu to the shutdown; only in the running machine. */
  readonly stage?: boolean;
  /** Staged, but not to become the default before it is unlocked. */
  readonly lockFinalization?: boolean;
  /** Gives up what is not current yet; once the boot menu is being written it is too late. */
  readonly signal?: AbortSignal | undefined;
  /** Makes sure that the shutdown will finalize a staged deployment. */
  readonly startFinalizer?: Finalizer;
}

export interface DeployResult {
  readonly deployment: Deployment;
  /** Undefined when it is staged: the merge takes place at shutdown. */
  readonly etc: FinalEtc | undefined;
  readonly swap: Swap | "staged";
}

/**
 * Deploys a commit: when it returns, the machine boots it next (or after this shutdown, when staged). Takes the lock;
 * checks the space before anything is written; whatever fails or is cut short leaves what booted before.
 */
export async function deploy(
  sysroot: Sysroot,
  wanted: DeployRequest,
  progress: ProgressListener = silent,
): Promise<DeployResult> {
  const stateroot = sysroot.stateroot(wanted.stateroot);
  const checksum = sysroot.repo.resolve(wanted.rev);
  using _lock = await sysroot.lock(undefined, (who) => progress({ type: "note", text: `Waiting for ${who}` }));
  wanted.signal?.throwIfAborted();
  requireComplete(sysroot, checksum);
  cleanSysroot(sysroot);
  const request = { ...wanted, retain: wanted.retain ?? retainPolicy(sysroot, stateroot) };
  const merge = request.merge === false ? undefined : sysroot.mergeDeployment(stateroot);
  await checkObjects(sysroot, checksum, progress);
  const kept = () => keptDeployments(sysroot.deployments, stateroot, merge, request.retain);
  const room = { checksum, needed: merge, allowed: request.makeRoom ?? false };
  ensureRoom(sysroot, () => checkDeploySpace(sysroot, checksum, kept()), room);
  const origin = chooseOrigin(request.origin, merge);
  const context = {
    stateroot,
    checksum,
    kernelArgs: kernelArgsFor(sysroot, request, merge, checksum),
    origin,
    overlayInitrds: request.overlayInitrds ?? trackedInitrds(sysroot, origin, merge),
  };
  if (request.stage === true && sysroot.booted === undefined)
    throw hostError("not-booted", "Cannot stage deployment: Not currently booted into an OSTree system");
  if (request.stage === true) await (request.startFinalizer ?? startFinalizer)();
  const result = await explainFullDisk(sysroot, () =>
    cleanAfterFailure(sysroot, () => makeDeployment(sysroot, request, { ...context, merge }, progress)),
  );
  await recordDeployment(sysroot, result.deployment);
  return result;
}

/** What is half-made goes at once: on a full disk the next command may have no room to begin with. */
async function cleanAfterFailure<T>(sysroot: Sysroot, change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (isErrno(error, "ENOSPC", "EDQUOT")) {
      sysroot.reload();
      cleanSysroot(sysroot);
    }
    throw error;
  }
}

function kernelArgsFor(
  { repo }: Sysroot,
  { kernelArgs, imageKernelArgs }: DeployRequest,
  merge: Deployment | undefined,
  checksum: Checksum,
): KernelArgs {
  const args = kernelArgs ?? merge?.kernelArgs ?? [];
  return imageKernelArgs === undefined ? args : carryImageKernelArgs(repo, args, imageKernelArgs.since, checksum);
}

/** The files of /etc that the owner of the host wants in the initramfs, as they are now. */
function trackedInitrds(sysroot: Sysroot, origin: Keyfile | undefined, merge: Deployment | undefined): string[] {
  const files = trackedFiles(origin);
  if (files.length === 0 || merge === undefined) return [];
  return [stageOverlayBytes(encodeTrackedInitrd(sysroot.directory(merge), files))];
}

interface DeployContext extends CheckoutRequest {
  readonly merge: Deployment | undefined;
}

async function makeDeployment(
  sysroot: Sysroot,
  request: DeployRequest,
  context: DeployContext,
  progress: ProgressListener,
): Promise<DeployResult> {
  const { merge } = context;
  const deployment = await progressStage(
    progress,
    "checkout",
    "Check out",
    () => checkOutDeployment(sysroot, context),
    (made) => deploymentId(made),
  );
  request.signal?.throwIfAborted();
  if (request.etcFiles !== undefined) takeOverEtc(sysroot, request.etcFiles, deployment);
  if (request.stage === true) {
    stageDeployment(sysroot, deployment, merge, request.lockFinalization ?? false);
    return { deployment: sysroot.find(deployment), etc: undefined, swap: "staged" };
  }
  return progressStage(progress, "write", "Write boot entry", () => activate(sysroot, deployment, merge, request));
}

function takeOverEtc(sysroot: Sysroot, { from, paths }: NonNullable<DeployRequest["etcFiles"]>, to: Deployment): void {
  for (const path of paths) {
    const [source, target] = [from, to].map((one) => join(sysroot.directory(one), "etc", path));
    if (lstatIfExists(source!)?.isFile() !== true) continue;
    removeTree(target!);
    copyFile(source!, target!);
  }
}

async function activate(
  sysroot: Sysroot,
  deployment: Deployment,
  merge: Deployment | undefined,
  { retain, etcConflicts }: DeployRequest,
): Promise<DeployResult> {
  const etc = await finalizeDeployment(sysroot, deployment, merge, etcConflicts);
  const swap = writeDeployments(sysroot, planDeployments(sysroot.deployments, deployment, merge, retain));
  cleanSysroot(sysroot);
  clearFinalizeFailure(sysroot.path);
  return { deployment: sysroot.find(deployment), etc, swap };
}

/** A commit of which only a part was pulled would make a tree with holes. */
function requireComplete(sysroot: Sysroot, checksum: Checksum): void {
  if (!sysroot.repo.isPartial(checksum)) return;
  throw hostError("bad-tree", `commit ${checksum} is not complete in the repository`, { hint: "pull it again" });
}

function chooseOrigin(wanted: string | Keyfile | undefined, merge: Deployment | undefined): Keyfile | undefined {
  if (typeof wanted === "string") return originFromRefspec(wanted);
  return wanted ?? (merge?.origin === undefined ? undefined : inheritedOrigin(merge.origin));
}
