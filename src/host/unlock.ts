// SPDX-License-Identifier: Apache-2.0
/** Makes /usr of the booted deployment writable by an overlay, for trying things out (`ostree_sysroot_deployment_unlock`). */
import { lstatSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  copyAttributes,
  makeDirectories,
  mount,
  mountFlags,
  type ProgressListener,
  removeTree,
  setImmutable,
  silent,
} from "../base/index.ts";
import { deploy } from "./deploy.ts";
import { hostError } from "./errors.ts";
import { backingPath, type Deployment, runStatePath, type Unlocked } from "./model.ts";
import { inheritedOrigin, writeOrigin } from "./origin.ts";
import type { Sysroot } from "./sysroot.ts";

/**
 * - `development`: what is changed is gone after a reboot
 * - `transient`: as that, and mounted read-only until somebody remounts it in a mount namespace
 * - `hotfix`: kept over reboots; a deployment without it is made to go back to
 *
 * The caller holds the lock. The mount must reach the machine: see `ensureWritable`.
 */
export async function unlock(
  sysroot: Sysroot,
  how: Exclude<Unlocked, "none">,
  progress: ProgressListener = silent,
): Promise<void> {
  const deployment = sysroot.requireBooted();
  if (deployment.unlocked !== "none")
    throw hostError("in-use", `Deployment is already in unlocked state: ${deployment.unlocked}`);
  if (how === "hotfix") await pushClone(sysroot, deployment, progress);
  const tree = sysroot.directory(deployment);
  setImmutable(tree, false);
  const { upper, work } = how === "hotfix" ? hotfixDirectories(tree) : backingDirectories(sysroot, deployment);
  const data = `lowerdir=${join(tree, "usr")},upperdir=${upper},workdir=${work}`;
  const target = join(sysroot.running?.root ?? "/", "usr");
  mount("overlay", target, "overlay", how === "transient" ? mountFlags.readOnly : 0, data);
  recordState(sysroot, deployment, how);
  sysroot.touch();
  sysroot.reload();
}

/** The same commit once more, to go back to (`clone_deployment`). */
async function pushClone(sysroot: Sysroot, deployment: Deployment, progress: ProgressListener): Promise<void> {
  const { stateroot, checksum, kernelArgs, origin } = deployment;
  await deploy(
    sysroot,
    {
      stateroot,
      rev: checksum,
      kernelArgs,
      ...(origin === undefined ? {} : { origin: inheritedOrigin(origin) }),
      retain: { notDefault: true },
    },
    progress,
  );
}

/** In the deployment's root, where ostree-prepare-root looks for them at each boot. */
function hotfixDirectories(tree: string): { upper: string; work: string } {
  return makeOverlay(tree, { upper: join(tree, ".usr-ovl-upper"), work: join(tree, ".usr-ovl-work") });
}

/** Beside the deployment, on the same file system; what an earlier boot left is dropped. */
function backingDirectories(sysroot: Sysroot, deployment: Deployment): { upper: string; work: string } {
  const directory = join(sysroot.path, backingPath(deployment), "usr-transient");
  removeTree(directory);
  makeDirectories(dirname(directory), 0o700);
  makeLikeUsr(sysroot.directory(deployment), directory);
  return makeOverlay(sysroot.directory(deployment), {
    upper: join(directory, "upper"),
    work: join(directory, "work"),
  });
}

function makeOverlay(tree: string, overlay: { upper: string; work: string }): { upper: string; work: string } {
  for (const path of [overlay.upper, overlay.work]) makeLikeUsr(tree, path);
  return overlay;
}

/** With the mode and the label of the directory that it shadows. */
function makeLikeUsr(tree: string, path: string): void {
  const usr = join(tree, "usr");
  const stat = lstatSync(usr);
  mkdirSync(path, { recursive: true });
  copyAttributes(usr, stat, path);
}

function recordState(sysroot: Sysroot, deployment: Deployment, how: Exclude<Unlocked, "none">): void {
  if (how === "hotfix") {
    const { origin } = sysroot.find(deployment);
    if (origin === undefined) throw hostError("no-origin", "the deployment has no origin file to note the hotfix in");
    origin.set("origin", "unlocked", how);
    writeOrigin(sysroot.path, deployment, origin, true);
    return;
  }
  const directory = join(sysroot.running?.run ?? "/run", runStatePath(deployment));
  makeDirectories(directory);
  writeFileSync(join(directory, `unlocked-${how}`), "");
}
