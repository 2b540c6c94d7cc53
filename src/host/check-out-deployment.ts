// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, renameSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import {
  copyTree,
  getXattr,
  lstatIfExists,
  makeDirectories,
  readTextIfExists,
  removeTree,
  setXattr,
} from "../base/index.ts";
import { Keyfile } from "../formats/index.ts";
import { type Checksum, checkout } from "../ostree/index.ts";
import { listDeploymentDirectories } from "./cleanup.ts";
import { hostError } from "./errors.ts";
import type { KernelArgs } from "./kernel-args.ts";
import { bootChecksum, findKernel } from "./kernel-layout.ts";
import type { Deployment, DeploymentName } from "./model.ts";
import type { Sysroot } from "./sysroot.ts";

/**
 * Checks a commit out as a new deployment that nothing leads to yet: hard links to the repository, /etc copied from
 * usr/etc with the commit's own labels, the stateroot's empty var filled (`sysroot_initialize_deployment`).
 */
export async function checkOutDeployment(
  sysroot: Sysroot,
  request: { stateroot: string; checksum: Checksum; kernelArgs: KernelArgs; origin: Keyfile | undefined },
): Promise<Deployment> {
  const { stateroot, checksum } = request;
  const name = { stateroot, checksum, serial: nextSerial(sysroot.path, stateroot, checksum) };
  const tree = sysroot.directory(name);
  makeDirectories(join(sysroot.path, "ostree/deploy", stateroot, "deploy"));
  removeTree(tree);
  await checkout(sysroot.repo, checksum, tree, {});
  refuseComposefs(tree);
  prepareEtc(tree);
  prepareVar(tree, join(sysroot.path, "ostree/deploy", stateroot, "var"));
  return {
    ...name,
    bootChecksum: bootChecksum(findKernel(tree)),
    kernelArgs: request.kernelArgs,
    entry: undefined,
    origin: request.origin,
    booted: false,
    staged: false,
    finalizationLocked: false,
    pinned: false,
    unlocked: "none",
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

/** ostree-prepare-root would stop the boot: it wants an image of the tree (`.ostree.cfs`), which we do not make yet. */
function refuseComposefs(tree: string): void {
  const path = join(tree, "usr/lib/ostree/prepare-root.conf");
  const enabled = Keyfile.parse(readTextIfExists(path) ?? "", path).get("composefs", "enabled");
  if (enabled === undefined || ["no", "false", "0", "maybe"].includes(enabled)) return;
  throw hostError("bad-tree", `the commit wants composefs (${enabled}), which is not supported yet`);
}

/** `prepare_deployment_etc`. A tree with a filled etc and no usr/etc gets it moved. */
function prepareEtc(tree: string): void {
  const [etc, defaults] = [join(tree, "etc"), join(tree, "usr/etc")];
  const filled = existsSync(etc) && readdirSync(etc).length > 0;
  if (filled && existsSync(defaults)) throw hostError("bad-tree", `${tree} has both a filled etc and usr/etc`);
  if (filled) renameSync(etc, defaults);
  if (!existsSync(defaults)) return;
  if (existsSync(etc)) rmdirSync(etc);
  copyTree(defaults, etc);
}

/**
 * What a commit has in /var is the first content of a stateroot whose var is empty; later it is never touched
 * (`prepare_deployment_var`). The directory itself takes the commit's label, which nothing else would give it.
 */
function prepareVar(tree: string, stateVar: string): void {
  const source = join(tree, "var");
  if (lstatIfExists(source)?.isDirectory() !== true || readdirSync(stateVar).length > 0) return;
  for (const child of readdirSync(source)) copyTree(join(source, child), join(stateVar, child));
  const label = getXattr(source, "security.selinux");
  if (label !== undefined) setXattr(stateVar, "security.selinux", label);
}
