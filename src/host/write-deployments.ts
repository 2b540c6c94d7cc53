// SPDX-License-Identifier: Apache-2.0
/**
 * Makes a list of deployments the one that boots, in one atomic step (`ostree_sysroot_write_deployments_with_options`):
 * everything new is written beside what is current, flushed, and made current by one rename. A crash before the rename
 * leaves the old list, after it the new one; what is left over is removed by the next clean-up.
 */
import { renameSync, rmSync, statfsSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lstatIfExists, makeDirectories, unlessErrno } from "../base/index.ts";
import { type BlsEntry, formatBlsEntry } from "../formats/index.ts";
import { type BootLink, entryFileName, makeBootEntry } from "./boot-entries.ts";
import { assignLinks, makeLinks, switchLinks, writeLinks } from "./boot-links.ts";
import { type BootVersion, nextBootVersion } from "./boot-version.ts";
import { findBootLoader } from "./bootloader/find.ts";
import type { BootLoader, BootMenu } from "./bootloader/model.ts";
import { removeOldKernels } from "./cleanup.ts";
import { commitVersion } from "./commit-metadata.ts";
import { planEarlyPrune } from "./early-prune.ts";
import { hostError } from "./errors.ts";
import { flushBoot, flushSysroot } from "./flush.ts";
import { installKernel } from "./install-kernel.ts";
import { formatKernelArgs } from "./kernel-args.ts";
import { findKernel } from "./kernel-layout.ts";
import { type Deployment, sameDeployment } from "./model.ts";
import { treeTitle } from "./os-release.ts";
import { installOverlays } from "./overlay-initrds.ts";
import { unmountNextRoot } from "./reset-soft-reboot.ts";
import { removeStaged } from "./staged.ts";
import type { Sysroot } from "./sysroot.ts";

/** What had to be changed: nothing, only the links behind the boot menu, or the menu itself. */
export type Swap = "none" | "links" | "menu";

/**
 * Makes `deployments` (in boot order) the ones that boot. A staged deployment stays staged when it is in the list and is
 * dropped when it is not. The caller holds the lock. The booted deployment must be in the list.
 */
export function writeDeployments(sysroot: Sysroot, deployments: readonly Deployment[]): Swap {
  checkList(sysroot, deployments);
  if (sysroot.running !== undefined && !deployments.some(({ staged }) => staged)) removeStaged(sysroot.running.run);
  dropSoftReboot(sysroot, deployments);
  const wanted = deployments.filter(({ staged }) => !staged);
  const first = planEarlyPrune(sysroot, wanted);
  if (first !== undefined) {
    writeBootable(sysroot, first);
    sysroot.reload();
    removeOldKernels(sysroot);
  }
  const swap = writeBootable(sysroot, wanted);
  if (swap !== "none") sysroot.touch();
  sysroot.reload();
  return swap;
}

/** A soft reboot into a deployment that goes would find nothing. */
function dropSoftReboot(sysroot: Sysroot, kept: readonly Deployment[]): void {
  const hasTarget = (list: readonly Deployment[]) => list.some(({ softRebootTarget }) => softRebootTarget);
  if (hasTarget(sysroot.deployments) && !hasTarget(kept)) unmountNextRoot();
}

function writeBootable(sysroot: Sysroot, wanted: readonly Deployment[]): Swap {
  const current = sysroot.deployments.filter(({ staged }) => !staged);
  const loader = findBootLoader(sysroot);
  const newMenu =
    loader.isComplete?.(sysroot) === false ||
    loader.counts?.(sysroot, wanted) === true ||
    !sameMenu(sysroot, current, wanted);
  if (wanted.length === 0 && current.length === 0) return "none";
  if (!newMenu && current.every((deployment, index) => sameDeployment(deployment, wanted[index]))) return "none";
  const next = nextBootVersion(sysroot.path, sysroot.bootVersion, newMenu);
  const links = assignLinks(wanted, next);
  if (newMenu) writeMenu(sysroot, loader, wanted, links, next);
  else writeLinks(sysroot, wanted, links, next);
  const atomic = !newMenu || loader.isAtomic(sysroot);
  sysroot.onMessage(
    `${atomic ? "Transaction complete" : "Bootloader updated"}; bootconfig swap: ${newMenu ? "yes" : "no"}; ` +
      `bootversion: boot.${next.version}.${next.sub}, deployment count change: ${wanted.length - current.length}`,
  );
  return newMenu ? "menu" : "links";
}

function checkList(sysroot: Sysroot, deployments: readonly Deployment[]): void {
  const booted = sysroot.booted;
  if (booted !== undefined && !deployments.some((deployment) => sameDeployment(deployment, booted))) {
    throw hostError("in-use", "the booted deployment cannot be removed");
  }
  for (const deployment of deployments) {
    const directory = sysroot.directory(deployment);
    if (lstatIfExists(directory) === undefined) throw hostError("no-deployment", `${directory} is not there`);
  }
}

/** Whether the boot menu stays as it is: kernels, arguments, versions, stateroots (`deployment_bootconfigs_equal`). */
function sameMenu(sysroot: Sysroot, before: readonly Deployment[], after: readonly Deployment[]): boolean {
  const line = (deployment: Deployment) =>
    JSON.stringify([
      deployment.stateroot,
      deployment.bootChecksum,
      deployment.overlayInitrds,
      formatKernelArgs(deployment.kernelArgs),
      commitVersion(sysroot.repo, deployment.checksum) ?? "",
    ]);
  return (
    before.length === after.length && before.every((deployment, index) => line(deployment) === line(after[index]!))
  );
}

/** What statfs(2) says of FAT, which has no symbolic links and so no atomic switch. */
const fatMagic = 0x4d44;

function refuseFat(boot: string): void {
  if (statfsSync(boot).type !== fatMagic) return;
  throw hostError("bad-sysroot", `${boot} is a FAT file system, which has no symbolic links`, {
    hint: "keep boot on ext4; only the EFI system partition needs to be FAT",
  });
}

function writeMenu(
  sysroot: Sysroot,
  bootLoader: BootLoader,
  deployments: readonly Deployment[],
  links: readonly BootLink[],
  next: BootVersion,
): void {
  const { boot } = sysroot;
  refuseFat(boot);
  const loader = join(boot, `loader.${next.version}`);
  rmSync(loader, { recursive: true, force: true });
  makeDirectories(join(loader, "entries"));
  const entries = deployments.map((deployment, index) =>
    installEntry(sysroot, deployments, deployment, links[index]!, index),
  );
  for (const [index, entry] of entries.entries()) {
    const name = entryFileName(deployments[index]!, { index, count: entries.length }, sysroot.entryNaming);
    writeFileSync(join(loader, "entries", name), formatBlsEntry(entry));
  }
  makeLinks(sysroot, deployments, links, next);
  switchLinks(sysroot, next);
  const menu: BootMenu = { sysroot, version: next.version, entries, deployments };
  bootLoader.write(menu);
  // Lets paths with and without /boot/ in front lead to the same file (`prepare_new_bootloader_link`).
  unlessErrno(["EEXIST"], () => symlinkSync(".", join(boot, "boot")));
  rmSync(join(boot, "loader.tmp"), { force: true });
  symlinkSync(`loader.${next.version}`, join(boot, "loader.tmp"));
  flushSysroot(sysroot);
  renameSync(join(boot, "loader.tmp"), join(boot, "loader"));
  flushBoot(sysroot);
  bootLoader.afterSwitch?.(menu);
}

function installEntry(
  sysroot: Sysroot,
  all: readonly Deployment[],
  deployment: Deployment,
  link: BootLink,
  index: number,
): BlsEntry {
  const tree = sysroot.directory(deployment);
  const kernel = findKernel(tree, sysroot.flags);
  installKernel(sysroot.boot, kernel, deployment);
  installOverlays(sysroot.boot, deployment.overlayInitrds);
  return makeBootEntry(deployment, {
    index,
    count: all.length,
    link,
    kernel,
    title: treeTitle(tree),
    version: commitVersion(sysroot.repo, deployment.checksum),
    showStateroot: all.some(({ stateroot }) => stateroot !== all[0]?.stateroot),
    bootPrefix: sysroot.bootPrefix,
    appendFields: sysroot.appendedFields,
  });
}
