// SPDX-License-Identifier: Apache-2.0
/**
 * The state of a host as one value: keys and units are those of `rpm-ostree status --json` (its
 * rpmostreed-deployment-utils.cxx), which cockpit, zincati and others read; keys after the blank line in each type are ours.
 */
import { asChecksum, type Commit, parseRefSpec, type Repo, tryFindRemote } from "../ostree/index.ts";
import { metadataString, metadataValue, tryLoadCommit } from "./commit-metadata.ts";
import { finalizeFailure } from "./finalize-staged.ts";
import { type CheckResult, readHealthReport } from "./health/checks.ts";
import { type FailedVersion, readHealthRecord } from "./health/failed-versions.ts";
import { readTrial } from "./health/trial.ts";
import { formatKernelArgs } from "./kernel-args.ts";
import { type Deployment, deploymentId, sameDeployment, type Unlocked } from "./model.ts";
import { originImage, originRefspec } from "./origin.ts";
import { commitSignatures, type SignatureTuple } from "./signatures.ts";
import { type JsonValue, toJson } from "./variant-json.ts";
import type { Sysroot } from "./sysroot.ts";

export interface DeploymentStatus {
  readonly id: string;
  readonly osname: string;
  readonly serial: number;
  readonly checksum: string;
  readonly "base-checksum": string;
  readonly version?: string;
  /** Seconds since 1970. */
  readonly timestamp?: number;
  readonly origin?: string;
  readonly "container-image-reference"?: string;
  readonly booted: boolean;
  readonly staged: boolean;
  readonly pinned: boolean;
  readonly unlocked: Unlocked;
  readonly "finalization-locked": boolean;
  readonly "requested-packages": readonly string[];
  readonly "requested-local-packages": readonly string[];
  readonly "requested-base-removals": readonly string[];
  readonly "requested-base-local-replacements": readonly string[];
  readonly packages: readonly string[];
  readonly "base-removals": readonly string[];
  readonly "base-local-replacements": readonly string[];
  readonly "regenerate-initramfs": boolean;
  readonly "base-commit-meta": Record<string, JsonValue>;
  readonly "gpg-enabled"?: boolean;
  /** Only where the remote asks for signatures. */
  readonly signatures?: readonly SignatureTuple[];
  readonly "remote-error"?: string;
  readonly endoflife?: string;
  /** The branch's head in the repository, when it is another commit. */
  readonly "pending-base-checksum"?: string;
  readonly "pending-base-version"?: string;
  readonly "pending-base-timestamp"?: number;

  readonly "kernel-arguments": string;
  readonly "boot-checksum": string;
  /** Whether it boots next. */
  readonly default: boolean;
  readonly rollback: boolean;
}

export interface Status {
  readonly deployments: readonly DeploymentStatus[];
  /** What is going on; null: nothing. */
  readonly transaction: readonly string[] | null;
  readonly "cached-update": null;

  readonly schemaVersion: 1;
  readonly sysroot: string;
  /** Why the last staged deployment did not become the default. */
  readonly "finalize-failure"?: string;
  readonly health?: HealthStatus;
}

/** Left out where there is nothing to tell. */
export interface HealthStatus {
  /** The default, while the boot loader counts attempts to boot it. */
  readonly trial?: { readonly checksum: string; readonly left: number };
  /** Versions that were rolled back and are not tried again, the newest first. */
  readonly failed: readonly FailedVersion[];
  /** Checks that failed in this boot. */
  readonly problems: readonly CheckResult[];
}

function healthStatus(sysroot: Sysroot): { health?: HealthStatus } {
  const trial = readTrial(sysroot);
  const { failed } = readHealthRecord(sysroot);
  const report = sysroot.running === undefined ? undefined : readHealthReport(sysroot.running.run);
  const problems = report?.checks.filter(({ problem }) => problem !== undefined) ?? [];
  if (trial === undefined && failed.length === 0 && problems.length === 0) return {};
  const told = trial === undefined ? {} : { trial: { checksum: trial.deployment.checksum, left: trial.left } };
  return { health: { ...told, failed, problems } };
}

/** The state of all deployments. It needs no lock and writes nothing, so it works on a full or read-only disk. */
export function status(sysroot: Sysroot): Status {
  const failure = finalizeFailure(sysroot.path);
  return {
    deployments: sysroot.deployments.map((deployment) => deploymentStatus(sysroot, deployment)),
    transaction: null,
    "cached-update": null,
    schemaVersion: 1,
    sysroot: sysroot.path,
    ...(failure === undefined ? {} : { "finalize-failure": failure }),
    ...healthStatus(sysroot),
  };
}

/** As `status`, with the signatures checked. */
export async function statusWithSignatures(sysroot: Sysroot): Promise<Status> {
  const plain = status(sysroot);
  const deployments = plain.deployments.map(async (deployment): Promise<DeploymentStatus> => {
    const remote = deployment.origin === undefined ? undefined : parseRefSpec(deployment.origin).remote;
    if (deployment["gpg-enabled"] !== true || remote === undefined) return deployment;
    return { ...deployment, signatures: await commitSignatures(sysroot.repo, remote, asChecksum(deployment.checksum)) };
  });
  return { ...plain, deployments: await Promise.all(deployments) };
}

function deploymentStatus(sysroot: Sysroot, deployment: Deployment): DeploymentStatus {
  const { repo } = sysroot;
  const commit = tryLoadCommit(repo, deployment.checksum);
  const slots = sysroot.pendingAndRollback(deployment.stateroot);
  const image = originImage(deployment.origin);
  return {
    id: `${deployment.stateroot}-${deploymentId(deployment)}`,
    osname: deployment.stateroot,
    serial: deployment.serial,
    checksum: deployment.checksum,
    "base-checksum": deployment.checksum,
    ...versionAndTime(commit),
    ...originStatus(repo, deployment),
    ...(image === undefined ? {} : { "container-image-reference": image }),
    booted: deployment.booted,
    staged: deployment.staged,
    pinned: deployment.pinned,
    unlocked: deployment.unlocked,
    "finalization-locked": deployment.finalizationLocked,
    "requested-packages": deployment.origin?.getList("packages", "requested") ?? [],
    "requested-local-packages": deployment.origin?.getList("packages", "requested-local") ?? [],
    "requested-base-removals": [],
    "requested-base-local-replacements": [],
    packages: [],
    "base-removals": [],
    "base-local-replacements": [],
    "regenerate-initramfs": false,
    "base-commit-meta": commitMetadata(commit),
    ...endOfLife(commit),
    "kernel-arguments": formatKernelArgs(deployment.kernelArgs),
    "boot-checksum": deployment.bootChecksum,
    default: sameDeployment(sysroot.deployments[0], deployment),
    rollback: sameDeployment(slots.rollback, deployment),
  };
}

function versionAndTime(commit: Commit | undefined): { version?: string; timestamp?: number } {
  const version = metadataString(commit, "version");
  return {
    ...(version === undefined ? {} : { version }),
    ...(commit === undefined ? {} : { timestamp: Number(commit.timestamp) }),
  };
}

function endOfLife(commit: Commit | undefined): { endoflife?: string } {
  const text = metadataString(commit, "ostree.endoflife");
  return text === undefined ? {} : { endoflife: text };
}

/** Package lists are left out, as rpm-ostree does with `rpmostree.rpmdb.pkglist`: they have commands of their own. */
const leftOut = new Set(["rpmostree.rpmdb.pkglist", "atomic.packages"]);

function commitMetadata(commit: Commit | undefined): Record<string, JsonValue> {
  const entries = [...(commit?.metadata.keys() ?? [])].filter((key) => !leftOut.has(key));
  return Object.fromEntries(entries.map((key) => [key, toJson(metadataValue(commit, key))]));
}

function originStatus(repo: Repo, deployment: Deployment): Partial<DeploymentStatus> {
  const refspec = originRefspec(deployment.origin);
  if (refspec === undefined) return {};
  return { origin: refspec, ...remoteStatus(repo, refspec), ...pendingStatus(repo, refspec, deployment) };
}

/** Whether the remote asks for signatures. */
function remoteStatus(repo: Repo, refspec: string): Partial<DeploymentStatus> {
  const { remote: name } = parseRefSpec(refspec);
  if (name === undefined) return { "gpg-enabled": false };
  const remote = tryFindRemote(repo, name);
  return remote === undefined ? { "remote-error": `Remote "${name}" not found` } : { "gpg-enabled": remote.gpgVerify };
}

function pendingStatus(repo: Repo, refspec: string, deployment: Deployment): Partial<DeploymentStatus> {
  const head = repo.tryResolve(refspec);
  if (head === undefined || head === deployment.checksum) return {};
  const { version, timestamp } = versionAndTime(tryLoadCommit(repo, head));
  return {
    "pending-base-checksum": head,
    ...(version === undefined ? {} : { "pending-base-version": version }),
    ...(timestamp === undefined ? {} : { "pending-base-timestamp": timestamp }),
  };
}
