// SPDX-License-Identifier: Apache-2.0
import type { BlsField, Keyfile } from "../formats/index.ts";
import type { Checksum } from "../ostree/index.ts";
import { hostError } from "./errors.ts";
import type { KernelArgs } from "./kernel-args.ts";

/** How `/usr` of a deployment was opened for writing (`ostree admin unlock`). */
export type Unlocked = "none" | "development" | "hotfix" | "transient";

/** A commit checked out at `ostree/deploy/STATEROOT/deploy/CHECKSUM.SERIAL`. */
export interface DeploymentName {
  readonly stateroot: string;
  readonly checksum: Checksum;
  /** Counts the deployments of one commit in one stateroot. */
  readonly serial: number;
}

/** A deployment that can be booted, or is staged to become so. Values are snapshots of what is on disk. */
export interface Deployment extends DeploymentName {
  /** Digest of its kernel, initramfs and device trees; names the directory in /boot that holds them. */
  readonly bootChecksum: string;
  /** Kernel arguments without `ostree=`. */
  readonly kernelArgs: KernelArgs;
  /** File name of its boot entry; absent for one that has none yet (new or staged). */
  readonly entryName: string | undefined;
  /** Fields of its boot entry that other programs put there. */
  readonly extraFields: readonly BlsField[];
  /** SHA-256 of initramfs images that are loaded after the tree's own. */
  readonly overlayInitrds: readonly string[];
  readonly origin: Keyfile | undefined;
  readonly booted: boolean;
  readonly staged: boolean;
  /** Staged and held back from becoming the default at shutdown. */
  readonly finalizationLocked: boolean;
  readonly pinned: boolean;
  readonly unlocked: Unlocked;
  /** Whether a soft reboot, which keeps the kernel, would start it. */
  readonly softRebootTarget: boolean;
}

/** One file or directory that the boot loader needs, and its name in /boot. */
export interface BootFile {
  /** Relative to the layout's `directory`. */
  readonly source: string;
  /** Relative to `boot/ostree/STATEROOT-BOOTCHECKSUM`. */
  readonly name: string;
}

/** The kernel of a tree and what goes with it (`get_kernel_from_tree`). */
export interface KernelLayout {
  readonly version: string;
  /** Where the files are in the tree, `usr/lib/modules/VERSION` as a rule; absolute. */
  readonly directory: string;
  readonly kernel: BootFile;
  readonly initramfs: BootFile | undefined;
  /** One device tree blob for the entry's `devicetree`, or the directory `dtb` for `fdtdir`. */
  readonly deviceTree: (BootFile & { readonly directory: boolean }) | undefined;
  /** Kernel digest for FIPS mode, where dracut's fips module looks for it. */
  readonly hmac: BootFile | undefined;
  /** Image for the Android boot loader. */
  readonly aboot: BootFile | undefined;
  /** The boot checksum where the tree's builder has computed it. */
  readonly checksum: string | undefined;
}

/** `CHECKSUM.SERIAL` */
export function deploymentId(name: Pick<DeploymentName, "checksum" | "serial">): string {
  return `${name.checksum}.${name.serial}`;
}

/** Path of the deployment's root, relative to the system root. */
export function deploymentPath(name: DeploymentName): string {
  return `ostree/deploy/${name.stateroot}/deploy/${deploymentId(name)}`;
}

export function originPath(name: DeploymentName): string {
  return `${deploymentPath(name)}.origin`;
}

/** Path for data beside the deployment (overlay directories of a transient root), relative to the system root. */
export function backingPath(name: DeploymentName): string {
  return `ostree/deploy/${name.stateroot}/backing/${deploymentId(name)}`;
}

/** Path for what is known of the deployment until the next boot, relative to /run (`_ostree_sysroot_get_runstate_path`). */
export function runStatePath(name: Pick<DeploymentName, "checksum" | "serial">): string {
  return `ostree/deployment-state/${deploymentId(name)}`;
}

export function sameDeployment(a: DeploymentName | undefined, b: DeploymentName | undefined): boolean {
  return a !== undefined && b !== undefined && deploymentPath(a) === deploymentPath(b);
}

/** Reads `CHECKSUM.SERIAL`; undefined for any other name (`_ostree_sysroot_parse_deploy_path_name`). */
export function parseDeploymentId(name: string): { checksum: Checksum; serial: number } | undefined {
  const match = /^([0-9a-f]{64})\.([0-9]{1,9})$/.exec(name);
  return match === null ? undefined : { checksum: match[1] as Checksum, serial: Number(match[2]) };
}

/** Checks the name of a stateroot: it becomes a path component and part of a kernel argument. */
export function checkStateroot(name: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(name)) return name;
  throw hostError("bad-stateroot", `${JSON.stringify(name)} is no name for a stateroot`);
}

/** `STATEROOT CHECKSUM.SERIAL`, for reports. */
export function listDeploymentNames(deployments: readonly DeploymentName[]): string[] {
  return deployments.map((deployment) => `${deployment.stateroot} ${deploymentId(deployment)}`);
}
