// SPDX-License-Identifier: Apache-2.0
/**
 * Initramfs images that a deployment loads after its tree's own: first kept in /run, under their SHA-256, then in
 * `boot/ostree/initramfs-overlays` (`ostree_sysroot_stage_overlay_initrd`).
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listDirectory, lstatIfExists, makeDirectories, removeIfExists, writeFileAtomic } from "../base/index.ts";
import { overlayDirectory } from "./boot-entries.ts";
import { installFile } from "./install-kernel.ts";

const stagingDirectory = "/run/ostree/staged-initrds";

/** Keeps a copy of the image for a deployment that is about to be made; returns its SHA-256. */
export function stageOverlayInitrd(path: string): string {
  return stageOverlayBytes(readFileSync(path));
}

/** As `stageOverlayInitrd`, of an image that was just made. */
export function stageOverlayBytes(bytes: Uint8Array): string {
  const checksum = createHash("sha256").update(bytes).digest("hex");
  makeDirectories(stagingDirectory);
  writeFileAtomic(join(stagingDirectory, checksum), bytes, { durable: false });
  return checksum;
}

export function installOverlays(boot: string, checksums: readonly string[]): void {
  if (checksums.length === 0) return;
  const directory = join(boot, overlayDirectory);
  makeDirectories(directory);
  for (const checksum of checksums)
    installFile(join(stagingDirectory, checksum), directory, { source: checksum, name: `${checksum}.img` });
}

/** Removes the images that no deployment of the list needs. */
export function removeOldOverlays(boot: string, needed: ReadonlySet<string>): void {
  const directory = join(boot, overlayDirectory);
  if (lstatIfExists(directory) === undefined) return;
  for (const name of listDirectory(directory))
    if (!needed.has(name.replace(/\.img$/, ""))) removeIfExists(join(directory, name));
}
