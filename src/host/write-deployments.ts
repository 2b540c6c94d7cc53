// SPDX-License-Identifier: Apache-2.0
/**
 * Makes a list of deployments the one that boots, in one atomic step (`ostree_sysroot_write_deployments_with_options`):
 * everything new is written beside what is current, flushed, and made current by one rename. A crash before the rename
 * leaves the old list, after it the new one; what is left over is removed by the next clean-up.
 */
import { mkdirSync, renameSync, rmSync, statfsSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  lstatIfExists,
  makeDirectories,
  removeTree,
  syncDirectory,
  syncFileSystem,
  unlessErrno,
} from "../base/index.ts";
import { type BlsEntry, formatBlsEntry } from "../formats/index.ts";
import { type BootLink, bootLinkPath, entryFileName, makeBootEntry } from "./boot-entries.ts";
import { type BootVersion, nextBootVersion } from "./boot-version.ts";
import { removeOldKernels } from "./cleanup.ts";
import { commitVersion } from "./commit-metadata.ts";
import { planEarlyPrune } from "./early-prune.ts";
import { hostError } from "./errors.ts";
import { flushBoot } from "./flush-boot.ts";
import { findBootLoader } from "./bootloader/find.ts";
import type { BootLoader, BootMenu } from "./bootloader/model.ts";
import { installKernel } from "./install-kernel.ts";
import { installOverlays } from "./overlay-initrds.ts";
import { formatKernelArgs } from "./kernel-args.ts";
import { findKernel } from "./kernel-layout.ts";
import { type Deployment, deploymentId, sameDeployment } from "./model.ts";
import { treeTitle } from "./os-release.ts";
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
  if (sysroot.deployments.some(({ softRebootTarget }) => softRebootTarget)) keepSoftReboot(deployments);
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
function keepSoftReboot(deployments: readonly Deployment[]): void {
  if (!deployments.some(({ softRebootTarget }) => softRebootTarget)) unmountNextRoot();
}

function writeBootable(sysroot: Sysroot, wanted: readonly Deployment[]): Swap {
  const current = sysroot.deployments.filter(({ staged }) => !staged);
  const loader = findBootLoader(sysroot);
  const newMenu = loader.isComplete?.(sysroot) === false || !sameMenu(sysroot, current, wanted);
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

/** Deployments with the same kernel set are told apart by a serial (`assign_bootserials`). */
function assignLinks(deployments: readonly Deployment[], { version }: BootVersion): BootLink[] {
  const serials = new Map<string, number>();
  return deployments.map(({ stateroot, bootChecksum }) => {
    const bootSerial = serials.get(bootChecksum) ?? 0;
    serials.set(bootChecksum, bootSerial + 1);
    return { version, stateroot, bootChecksum, bootSerial };
  });
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
  replaceLink(`boot.${next.version}.${next.sub}`, join(sysroot.path, `ostree/boot.${next.version}`));
  const menu: BootMenu = { sysroot, version: next.version, entries, deployments };
  bootLoader.write(menu);
  // Lets paths with and without /boot/ in front lead to the same file (`prepare_new_bootloader_link`).
  unlessErrno(["EEXIST"], () => symlinkSync(".", join(boot, "boot")));
  rmSync(join(boot, "loader.tmp"), { force: true });
  symlinkSync(`loader.${next.version}`, join(boot, "loader.tmp"));
  flush(sysroot);
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

function writeLinks(
  sysroot: Sysroot,
  deployments: readonly Deployment[],
  links: readonly BootLink[],
  next: BootVersion,
): void {
  makeLinks(sysroot, deployments, links, next);
  flush(sysroot);
  replaceLink(`boot.${next.version}.${next.sub}`, join(sysroot.path, `ostree/boot.${next.version}`));
  syncDirectory(join(sysroot.path, "ostree"));
}

/** Makes the links of a version that is not in use (`create_new_bootlinks`). */
function makeLinks(
  sysroot: Sysroot,
  deployments: readonly Deployment[],
  links: readonly BootLink[],
  next: BootVersion,
): void {
  const directory = join(sysroot.path, `ostree/boot.${next.version}.${next.sub}`);
  removeTree(directory);
  mkdirSync(directory, 0o755);
  for (const [index, link] of links.entries()) {
    const deployment = deployments[index]!;
    const path = join(directory, bootLinkPath(link).split("/").slice(2).join("/"));
    makeDirectories(dirname(path));
    symlinkSync(`../../../deploy/${deployment.stateroot}/deploy/${deploymentId(deployment)}`, path);
  }
}

function replaceLink(target: string, path: string): void {
  const temporary = `${path}.tmp`;
  rmSync(temporary, { force: true });
  symlinkSync(target, temporary);
  renameSync(temporary, path);
}

/** Everything is on the disk before the one rename that counts (`full_system_sync`). */
function flush(sysroot: Sysroot): void {
  if (sysroot.flags.testFreeze) flushBoot(sysroot);
  if (sysroot.flags.skipSync) return;
  // Not /ostree: on a running host that is a link.
  syncFileSystem(join(sysroot.path, "ostree/repo"));
  if (sysroot.bootIsSeparate) syncFileSystem(sysroot.boot);
}
