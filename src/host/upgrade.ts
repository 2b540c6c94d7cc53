// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, silent, stage as progressStage } from "../base/index.ts";
import { parseRefSpec, pull } from "../ostree/index.ts";
import { diffPackages, type PackageDiff } from "../packages/index.ts";
import { type VersionInfo, versionInfo } from "./commit-metadata.ts";
import { deploy, type DeployRequest, type DeployResult } from "./deploy.ts";
import { hostError } from "./errors.ts";
import type { Deployment } from "./model.ts";
import { inheritedOrigin, originRefspec } from "./origin.ts";
import { pruneRepository } from "./prune-repository.ts";
import { checkDeploySpace } from "./space.ts";
import type { Sysroot } from "./sysroot.ts";

export interface UpgradeRequest extends Pick<DeployRequest, "stage" | "lockFinalization" | "startFinalizer"> {
  readonly stateroot?: string;
  /** Accept a commit that is older than what runs. */
  readonly allowDowngrade?: boolean;
  /** Do not ask the remote: use what was downloaded. */
  readonly cacheOnly?: boolean;
  /** Download but do not deploy. */
  readonly downloadOnly?: boolean;
}

/** What an upgrade would do or has done. */
export interface Upgrade {
  readonly refspec: string;
  readonly from: VersionInfo;
  readonly to: VersionInfo;
  /** False: there is nothing newer. */
  readonly changed: boolean;
  /** Undefined when the packages of one side are not known. */
  readonly packages: PackageDiff | undefined;
  /** Undefined when nothing was deployed. */
  readonly deployed: DeployResult | undefined;
}

/**
 * Looks for a newer commit on the branch that the host follows, without changing what boots. Only commit objects are
 * fetched; the package list comes with them.
 */
export async function previewUpgrade(
  sysroot: Sysroot,
  request: UpgradeRequest = {},
  progress: ProgressListener = silent,
): Promise<Upgrade> {
  const source = upgradeSource(sysroot, request.stateroot);
  await fetchHead(
    sysroot,
    source.refspec,
    { commitMetadataOnly: true, cacheOnly: request.cacheOnly ?? false },
    progress,
  );
  return describe(sysroot, source);
}

/**
 * Downloads the newest commit of the branch that the host follows and deploys it, in the running machine staged unless
 * asked otherwise. Kernel arguments, /etc and origin are taken over. Throws `host-downgrade` for an older commit.
 */
export async function upgrade(
  sysroot: Sysroot,
  request: UpgradeRequest = {},
  progress: ProgressListener = silent,
): Promise<Upgrade> {
  const source = upgradeSource(sysroot, request.stateroot);
  // A version like the present one must fit, before anything is downloaded; the new one is measured when it is here.
  checkDeploySpace(sysroot, source.current.checksum);
  await fetchHead(
    sysroot,
    source.refspec,
    { commitMetadataOnly: false, cacheOnly: request.cacheOnly ?? false },
    progress,
  );
  const found = await describe(sysroot, source);
  if (!found.changed) return found;
  if (request.allowDowngrade !== true) refuseDowngrade(found);
  if (request.downloadOnly === true) return found;
  const deployed = await deploy(sysroot, deployRequest(sysroot, source, found, request), progress);
  pruneRepository(sysroot.repo, progress);
  return { ...found, deployed };
}

interface UpgradeSource {
  readonly refspec: string;
  /** What would boot next without an upgrade. */
  readonly current: Deployment;
}

/** The newest deployment says what to follow: a staged or pending one before the booted one. */
function upgradeSource(sysroot: Sysroot, stateroot: string | undefined): UpgradeSource {
  const name = sysroot.stateroot(stateroot);
  const current = sysroot.deployments.find((deployment) => deployment.stateroot === name);
  if (current === undefined) throw hostError("no-deployment", `stateroot ${name} has no deployment to upgrade`);
  const refspec = originRefspec(current.origin);
  if (refspec !== undefined) return { refspec, current };
  throw hostError("no-origin", `deployment ${current.checksum} has no refspec in its origin`);
}

async function fetchHead(
  sysroot: Sysroot,
  refspec: string,
  how: { commitMetadataOnly: boolean; cacheOnly: boolean },
  progress: ProgressListener,
): Promise<void> {
  const { remote, ref } = parseRefSpec(refspec);
  if (remote === undefined || how.cacheOnly) return;
  const { commitMetadataOnly } = how;
  await progressStage(progress, "fetch", commitMetadataOnly ? "Check" : "Download", () =>
    pull(sysroot.repo, { remote, refs: [ref], commitMetadataOnly }, progress),
  );
}

async function describe(sysroot: Sysroot, { refspec, current }: UpgradeSource): Promise<Upgrade> {
  // Only here: the composer is much to load for a command that asks for a status.
  const { treePackages } = await import("../compose/index.ts");
  const { repo } = sysroot;
  const head = repo.resolve(refspec);
  const [before, after] = [treePackages(repo, current.checksum), treePackages(repo, head)];
  return {
    refspec,
    from: versionInfo(repo, current.checksum),
    to: versionInfo(repo, head),
    changed: head !== current.checksum,
    packages: before === undefined || after === undefined ? undefined : diffPackages(before, after),
    deployed: undefined,
  };
}

/** A replayed old commit would bring back holes that are mended (`ostree_sysroot_upgrader_check_timestamps`). */
function refuseDowngrade({ from, to }: Upgrade): void {
  if (from.timestamp === undefined || to.timestamp === undefined || to.timestamp >= from.timestamp) return;
  const name = (info: VersionInfo) => info.version ?? info.checksum.slice(0, 12);
  throw hostError("downgrade", `${name(to)} is older than ${name(from)}`, {
    hint: "--allow-downgrade accepts it; atomic host rollback goes back without downloading",
  });
}

function deployRequest(
  sysroot: Sysroot,
  source: UpgradeSource,
  found: Upgrade,
  request: UpgradeRequest,
): DeployRequest {
  const { origin, kernelArgs, stateroot } = source.current;
  return {
    stateroot,
    rev: found.to.checksum,
    kernelArgs,
    ...(origin === undefined ? {} : { origin: inheritedOrigin(origin) }),
    stage: request.stage ?? sysroot.booted !== undefined,
    ...(request.lockFinalization === undefined ? {} : { lockFinalization: request.lockFinalization }),
    ...(request.startFinalizer === undefined ? {} : { startFinalizer: request.startFinalizer }),
  };
}
