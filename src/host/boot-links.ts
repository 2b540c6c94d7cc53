// SPDX-License-Identifier: Apache-2.0
/** The links `ostree/boot.V.S/STATEROOT/BOOTCHECKSUM/SERIAL` through which boot entries lead to deployments. */
import { mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeDirectories, removeTree, syncDirectory } from "../base/index.ts";
import { type BootLink, bootLinkPath } from "./boot-entries.ts";
import type { BootVersion } from "./boot-version.ts";
import { flushSysroot } from "./flush.ts";
import { type Deployment, deploymentId } from "./model.ts";
import type { Sysroot } from "./sysroot.ts";

/** Deployments with the same kernel set are told apart by a serial (`assign_bootserials`). */
export function assignLinks(deployments: readonly Deployment[], { version }: BootVersion): BootLink[] {
  const serials = new Map<string, number>();
  return deployments.map(({ stateroot, bootChecksum }) => {
    const bootSerial = serials.get(bootChecksum) ?? 0;
    serials.set(bootChecksum, bootSerial + 1);
    return { version, stateroot, bootChecksum, bootSerial };
  });
}

/** Makes new links and makes them current, behind a menu that stays as it is. */
export function writeLinks(
  sysroot: Sysroot,
  deployments: readonly Deployment[],
  links: readonly BootLink[],
  next: BootVersion,
): void {
  makeLinks(sysroot, deployments, links, next);
  flushSysroot(sysroot);
  switchLinks(sysroot, next);
  syncDirectory(join(sysroot.path, "ostree"));
}

/** Makes the links of a version that is not in use (`create_new_bootlinks`). */
export function makeLinks(
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

/** Makes the links of a version the ones in use (`swap_bootlinks`). */
export function switchLinks({ path }: Sysroot, { version, sub }: BootVersion): void {
  const link = join(path, `ostree/boot.${version}`);
  const temporary = `${link}.tmp`;
  rmSync(temporary, { force: true });
  symlinkSync(`boot.${version}.${sub}`, temporary);
  renameSync(temporary, link);
}
