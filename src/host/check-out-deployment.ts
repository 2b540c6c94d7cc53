// SPDX-License-Identifier: Apache-2.0
import { chmodSync, existsSync, readdirSync, renameSync, rmdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import {
  type CopyOptions,
  copyTree,
  getXattr,
  lstatIfExists,
  makeDirectories,
  removeTree,
  setXattr,
  unlessErrno,
} from "../base/index.ts";
import type { Keyfile } from "../formats/index.ts";
import { type Checksum, checkout } from "../ostree/index.ts";
import { listDeploymentDirectories } from "./cleanup.ts";
import { writeDeploymentImage } from "./composefs.ts";
import { hostError } from "./errors.ts";
import type { KernelArgs } from "./kernel-args.ts";
import { bootChecksum, findKernel } from "./kernel-layout.ts";
import type { Deployment, DeploymentName } from "./model.ts";
import { requireSignedRoot } from "./signed-root.ts";
import type { Sysroot } from "./sysroot.ts";

export interface CheckoutRequest {
  readonly stateroot: string;
  readonly checksum: Checksum;
  readonly kernelArgs: KernelArgs;
  readonly origin: Keyfile | undefined;
  /** As `stageOverlayInitrd` gave them. */
  readonly overlayInitrds?: readonly string[];
}

/**
 * Checks a commit out as a new deployment that nothing leads to yet: hard links to the repository, /etc copied from
 * usr/etc with the commit's own labels, the stateroot's empty var filled (`sysroot_initialize_deployment`).
 */
export async function checkOutDeployment(sysroot: Sysroot, request: CheckoutRequest): Promise<Deployment> {
  const { stateroot, checksum } = request;
  const name = { stateroot, checksum, serial: nextSerial(sysroot.path, stateroot, checksum) };
  const tree = sysroot.directory(name);
  makeDirectories(join(sysroot.path, "ostree/deploy", stateroot, "deploy"));
  removeTree(tree);
  await checkout(sysroot.repo, checksum, tree, { passthroughWhiteouts: true });
  requireSignedRoot(sysroot.repo, checksum, tree);
  await writeDeploymentImage(sysroot, checksum, tree);
  prepareEtc(tree, sysroot.flags);
  prepareVar(tree, join(sysroot.path, "ostree/deploy", stateroot, "var"));
  return {
    ...name,
    bootChecksum: bootChecksum(findKernel(tree, sysroot.flags)),
    kernelArgs: request.kernelArgs,
    entryName: undefined,
    extraFields: [],
    overlayInitrds: request.overlayInitrds ?? [],
    origin: request.origin,
    booted: false,
    staged: false,
    finalizationLocked: false,
    pinned: false,
    unlocked: "none",
    softRebootTarget: false,
  };
}

/** `allocate_deployserial`: one more than the highest on disk. */
function nextSerial(path: string, stateroot: string, checksum: Checksum): number {
  const same = (name: DeploymentName) => name.stateroot === stateroot && name.checksum === checksum;
  const serials = listDeploymentDirectories(path)
    .filter(same)
    .map(({ serial }) => serial);
  return Math.max(-1, ...serials) + 1;
}

/** `prepare_deployment_etc`. A tree with a filled etc and no usr/etc gets it moved. */
function prepareEtc(tree: string, options: CopyOptions): void {
  const [etc, defaults] = [join(tree, "etc"), join(tree, "usr/etc")];
  const filled = existsSync(etc) && readdirSync(etc).length > 0;
  if (filled && existsSync(defaults)) throw hostError("bad-tree", "Tree contains both /etc and /usr/etc");
  if (filled) renameSync(etc, defaults);
  if (!existsSync(defaults)) return;
  if (existsSync(etc)) rmdirSync(etc);
  copyTree(defaults, etc, options);
}

/**
 * What a commit has in /var is the first content of a stateroot whose var is empty; later it is never touched
 * (`prepare_deployment_var`). The directory itself takes the commit's label, which nothing else would give it.
 */
function prepareVar(tree: string, stateVar: string): void {
  const source = join(tree, "var");
  if (lstatIfExists(source)?.isDirectory() !== true || readdirSync(stateVar).length > 0) return;
  for (const child of readdirSync(source)) copyTree(join(source, child), join(stateVar, child));
  if (lstatIfExists(join(tree, "usr/lib/tmpfiles.d")) === undefined) makeLegacyVar(stateVar);
  const label = getXattr(source, "security.selinux");
  if (label !== undefined) setXattr(stateVar, "security.selinux", label);
}

/** What systemd-tmpfiles would make in /var, for a system without (`_ostree_sysroot_stateroot_legacy_var_init`). */
function makeLegacyVar(stateVar: string): void {
  for (const name of ["tmp", "lib", "log"]) makeDirectories(join(stateVar, name));
  chmodSync(join(stateVar, "tmp"), 0o1777);
  for (const name of ["run", "lock"]) {
    const target = name === "run" ? "../run" : "../run/lock";
    unlessErrno(["EEXIST"], () => symlinkSync(target, join(stateVar, name)));
  }
}
