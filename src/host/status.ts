// SPDX-License-Identifier: Apache-2.0
/**
 * The state of a host as one value: keys and units are those of `rpm-ostree status --json` (its
 * rpmostreed-deployment-utils.cxx), which cockpit, zincati and others read; keys after the blank line in each type are ours.
 */
import type { Keyfile } from "../formats/index.ts";
import { asChecksum, type Commit, isChecksum, parseRefSpec, type Repo, tryFindRemote } from "../ostree/index.ts";
import { activeChange } from "./active-change.ts";
import { type CachedUpdate, cachedUpdate } from "./cached-update.ts";
import { baseCommit, isLayered, metadataString, metadataValue, tryLoadCommit } from "./commit-metadata.ts";
import { finalizeFailure } from "./finalize-staged.ts";
import { type CheckResult, readHealthReport } from "./health/checks.ts";
import { type FailedVersion, readHealthRecord } from "./health/failed-versions.ts";
import { readTrial } from "./health/trial.ts";
import { deployedDigest, deployedImageVersion } from "./images.ts";
import { formatKernelArgs } from "./kernel-args.ts";
import { readLiveState } from "./live/live-state.ts";
import { type Deployment, deploymentId, sameDeployment, type Unlocked } from "./model.ts";
import { originImage, originRefspec } from "./origin.ts";
import { pinnedName } from "./pin.ts";
import { commitSignatures, type SignatureTuple } from "./signatures.ts";
import { trackedFiles } from "./tracked-initrd.ts";
import { type JsonValue, toJson } from "./variant-json.ts";
import type { Sysroot } from "./sysroot.ts";
import { readUpdateDriver } from "./update-driver.ts";

export interface DeploymentStatus {
  readonly id: string;
  readonly osname: string;
  readonly serial: number;
  readonly checksum: string;
  readonly "base-checksum": string;
  /** Only where packages are layered. */
  readonly "base-version"?: string;
  readonly "base-timestamp"?: number;
  readonly "layered-commit-meta"?: Record<string, JsonValue>;
  readonly version?: string;
  /** Seconds since 1970. */
  readonly timestamp?: number;
  readonly origin?: string;
  readonly "container-image-reference"?: string;
  readonly "container-image-reference-digest"?: string;
  readonly booted: boolean;
  readonly staged: boolean;
  readonly pinned: boolean;
  readonly unlocked: Unlocked;
  readonly "finalization-locked": boolean;
  /** The commit that /usr of the running system was brought to without a reboot, and one that was not finished. */
  readonly "live-replaced"?: string;
  readonly "live-inprogress"?: string;
  readonly "requested-packages": readonly string[];
  readonly "requested-local-packages": readonly string[];
  readonly "requested-local-fileoverride-packages": readonly string[];
  readonly "requested-base-removals": readonly string[];
  readonly "requested-base-local-replacements": readonly string[];
  /** Only where there are some: source (repo=ID), names. */
  readonly "requested-base-remote-replacements"?: readonly (readonly [source: string, names: readonly string[]])[];
  readonly packages: readonly string[];
  readonly "base-removals": readonly JsonValue[];
  readonly "base-local-replacements": readonly JsonValue[];
  /** By source. */
  readonly "base-remote-replacements": Readonly<Record<string, JsonValue>>;
  readonly "regenerate-initramfs": boolean;
  readonly "initramfs-args"?: readonly string[];
  readonly "initramfs-etc"?: readonly string[];
  /** What put a commit here that was given by its checksum: URL and description. */
  readonly "custom-origin"?: readonly [string, string];
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
  /** What it was pinned by. */
  readonly "pin-name"?: string;
  /** Whether it boots next. */
  readonly default: boolean;
  readonly rollback: boolean;
}

export interface Status {
  readonly deployments: readonly DeploymentStatus[];
  /** What is going on; null: nothing. */
  readonly transaction: readonly string[] | null;
  /** The newest version that is known, when it is not the one that runs. */
  readonly "cached-update": CachedUpdate | null;
  readonly "update-driver": { readonly "driver-name": string; readonly "driver-sd-unit": string } | null;

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

/** Title, who does it, and by what command (rpm-ostree: title, sender and path on D-Bus). */
function transaction(sysroot: Sysroot): readonly string[] | null {
  const change = activeChange(sysroot);
  return change === undefined ? null : [change.title, `pid ${change.pid}`, change.commandLine];
}

/** The state of all deployments. It needs no lock and writes nothing, so it works on a full or read-only disk. */
export function status(sysroot: Sysroot): Status {
  const failure = finalizeFailure(sysroot.path);
  const driver = readUpdateDriver(sysroot);
  return {
    deployments: sysroot.deployments.map((deployment) => deploymentStatus(sysroot, deployment)),
    transaction: transaction(sysroot),
    "cached-update": cachedUpdate(sysroot),
    "update-driver": driver === undefined ? null : { "driver-name": driver.name, "driver-sd-unit": driver.unit },
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
    // What is made on the host is not signed; its base is.
    const checksum = asChecksum(deployment["base-checksum"]);
    return { ...deployment, signatures: await commitSignatures(sysroot.repo, remote, checksum) };
  });
  return { ...plain, deployments: await Promise.all(deployments) };
}

function deploymentStatus(sysroot: Sysroot, deployment: Deployment): DeploymentStatus {
  const { repo } = sysroot;
  const commit = tryLoadCommit(repo, deployment.checksum);
  const slots = sysroot.pendingAndRollback(deployment.stateroot);
  const [image, digest] = [originImage(deployment.origin), deployedDigest(repo, deployment)];
  const version = deployedImageVersion(repo, deployment);
  const name = pinnedName(deployment.origin);
  const list = (group: string, key: string) => deployment.origin?.getList(group, key) ?? [];
  return {
    id: `${deployment.stateroot}-${deploymentId(deployment)}`,
    osname: deployment.stateroot,
    serial: deployment.serial,
    checksum: deployment.checksum,
    ...baseStatus(repo, deployment, commit),
    ...versionAndTime(commit),
    ...(version === undefined ? {} : { version }),
    ...originStatus(repo, deployment),
    ...(image === undefined ? {} : { "container-image-reference": image }),
    ...(digest === undefined ? {} : { "container-image-reference-digest": digest }),
    booted: deployment.booted,
    staged: deployment.staged,
    pinned: deployment.pinned,
    unlocked: deployment.unlocked,
    "finalization-locked": deployment.finalizationLocked,
    ...liveStatus(sysroot, deployment),
    "requested-packages": list("packages", "requested"),
    "requested-local-packages": list("packages", "requested-local").map(withoutDigest),
    "requested-local-fileoverride-packages": list("packages", "requested-local-fileoverride").map(withoutDigest),
    "requested-base-removals": list("overrides", "remove"),
    "requested-base-local-replacements": list("overrides", "replace-local").map(withoutDigest),
    ...requestedRemote(deployment.origin),
    packages: isLayered(commit) ? stringList(commit, "rpmostree.packages") : [],
    "base-removals": layeredChanges(commit, "rpmostree.removed-base-packages"),
    "base-local-replacements": layeredChanges(commit, "rpmostree.replaced-base-packages"),
    "base-remote-replacements": remoteReplacements(commit),
    ...initramfsStatus(deployment.origin),
    ...customOrigin(deployment.origin),
    "kernel-arguments": formatKernelArgs(deployment.kernelArgs),
    "boot-checksum": deployment.bootChecksum,
    ...(name === undefined ? {} : { "pin-name": name }),
    default: sameDeployment(sysroot.deployments[0], deployment),
    rollback: sameDeployment(slots.rollback, deployment),
  };
}

function liveStatus(sysroot: Sysroot, deployment: Deployment): Partial<DeploymentStatus> {
  const { commit, inProgress } = readLiveState(sysroot, deployment) ?? {};
  return {
    ...(commit === undefined ? {} : { "live-replaced": commit }),
    ...(inProgress === undefined ? {} : { "live-inprogress": inProgress }),
  };
}

/** What packages were layered on, and what its version tells (`rpmostreed_deployment_generate_variant`). */
function baseStatus(
  repo: Repo,
  { checksum }: Deployment,
  commit: Commit | undefined,
): Pick<DeploymentStatus, "base-checksum" | "base-commit-meta"> & Partial<DeploymentStatus> {
  const parent = isLayered(commit) ? commit?.parent : undefined;
  if (parent === undefined)
    return { "base-checksum": checksum, "base-commit-meta": commitMetadata(commit), ...endOfLife(commit) };
  const base = tryLoadCommit(repo, parent);
  const { version, timestamp } = versionAndTime(base);
  return {
    "base-checksum": parent,
    ...(version === undefined ? {} : { "base-version": version }),
    ...(timestamp === undefined ? {} : { "base-timestamp": timestamp }),
    "base-commit-meta": commitMetadata(base),
    "layered-commit-meta": commitMetadata(commit),
    ...endOfLife(base),
  };
}

function stringList(commit: Commit | undefined, key: string): readonly string[] {
  const value = commit?.metadata.get(key);
  return value?.type === "as" ? (value.value as readonly string[]) : [];
}

function layeredChanges(commit: Commit | undefined, key: string): readonly JsonValue[] {
  const value = isLayered(commit) ? toJson(metadataValue(commit, key)) : [];
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [];
}

function remoteReplacements(commit: Commit | undefined): DeploymentStatus["base-remote-replacements"] {
  const value = isLayered(commit) ? metadataValue(commit, "rpmostree.replaced-base-remote-packages") : undefined;
  return value instanceof Map ? (toJson(value) as Record<string, JsonValue>) : {};
}

function requestedRemote(origin: Keyfile | undefined): Partial<DeploymentStatus> {
  const sources = (origin?.getList("overrides", "replace") ?? []).map((entry) => entry.split(","));
  if (sources.length === 0) return {};
  return { "requested-base-remote-replacements": sources.map(([source = "", ...names]) => [source, names]) };
}

/** Local packages are noted as SHA256:NEVRA (`rpmostree_decompose_sha256_nevra`). */
function withoutDigest(entry: string): string {
  return entry.replace(/^[0-9a-f]{64}:/, "");
}

function initramfsStatus(
  origin: Keyfile | undefined,
): Pick<DeploymentStatus, "regenerate-initramfs" | "initramfs-args" | "initramfs-etc"> {
  const [args, files] = [origin?.getList("rpmostree", "initramfs-args") ?? [], trackedFiles(origin)];
  return {
    "regenerate-initramfs": origin?.getBoolean("rpmostree", "regenerate-initramfs") ?? false,
    ...(args.length === 0 ? {} : { "initramfs-args": args }),
    ...(files.length === 0 ? {} : { "initramfs-etc": files }),
  };
}

function customOrigin(origin: Keyfile | undefined): Pick<DeploymentStatus, "custom-origin"> {
  const [url, description] = ["custom-url", "custom-description"].map((key) => origin?.get("origin", key));
  return url === undefined ? {} : { "custom-origin": [url, description ?? ""] };
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
const leftOut = new Set([
  "atomic.cves",
  "atomic.packages",
  "ostree.sizes",
  "rpmostree.advisories",
  "rpmostree.modules",
  "rpmostree.packages",
  "rpmostree.removed-base-packages",
  "rpmostree.replaced-base-packages",
  "rpmostree.replaced-base-remote-packages",
  "rpmostree.rpmdb.pkglist",
  "rpmostree.spec",
]);

function commitMetadata(commit: Commit | undefined): Record<string, JsonValue> {
  const entries = [...(commit?.metadata.keys() ?? [])].filter((key) => !leftOut.has(key));
  return Object.fromEntries(entries.map((key) => [key, toJson(metadataValue(commit, key))]));
}

function originStatus(repo: Repo, deployment: Deployment): Partial<DeploymentStatus> {
  const refspec = originRefspec(deployment.origin);
  if (refspec === undefined) return {};
  if (isChecksum(refspec)) return { origin: refspec };
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
  if (head === undefined || head === baseCommit(repo, deployment.checksum)) return {};
  const { version, timestamp } = versionAndTime(tryLoadCommit(repo, head));
  return {
    "pending-base-checksum": head,
    ...(version === undefined ? {} : { "pending-base-version": version }),
    ...(timestamp === undefined ? {} : { "pending-base-timestamp": timestamp }),
  };
}
