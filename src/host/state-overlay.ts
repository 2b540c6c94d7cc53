// SPDX-License-Identifier: Apache-2.0
/**
 * A writable overlay on a directory of the read-only tree whose changes live in /var, except where a new version ships
 * the same path: then its own counts (`ot_admin_builtin_state_overlay`, ostree-state-overlay@.service).
 */
import { lstatSync } from "node:fs";
import { join } from "node:path";
import {
  getXattr,
  listDirectory,
  lstatIfExists,
  makeDirectories,
  mount,
  removeIfExists,
  removeTree,
  setXattr,
} from "../base/index.ts";
import { hostError } from "./errors.ts";
import type { Sysroot } from "./sysroot.ts";

const checksumXattr = "user.ostree.deploymentcsum";
const opaqueXattr = "trusted.overlay.opaque";

/** @param name of the overlay, a directory below /var/ostree/state-overlays */
export function mountStateOverlay({ booted }: Sysroot, name: string, mountPoint: string): void {
  if (booted === undefined) throw hostError("not-booted", "Must be booted into an OSTree deployment");
  if (name === "" || name === "." || name === ".." || /[/,:\\]/.test(name))
    throw hostError("bad-tree", `${JSON.stringify(name)} is no name for an overlay`);
  const directory = `/var/ostree/state-overlays/${name}`;
  const [upper, work] = [join(directory, "upper"), join(directory, "work")];
  for (const path of [directory, upper, work]) makeDirectories(path, 0o700);
  if (getXattr(upper, checksumXattr)?.toString() !== booted.checksum) {
    pruneOverlay(mountPoint, upper);
    setXattr(upper, checksumXattr, Buffer.from(booted.checksum));
  }
  mount("overlay", mountPoint, "overlay", 0, `lowerdir=${mountPoint},upperdir=${upper},workdir=${work}`);
}

/** Removes from the upper directory what shadows something in the lower one; directories in both are gone through. */
export function pruneOverlay(lower: string, upper: string): void {
  for (const name of listDirectory(upper)) {
    const [below, above] = [join(lower, name), join(upper, name)];
    const shadowed = lstatIfExists(below);
    if (shadowed === undefined) continue;
    const isDirectory = lstatSync(above).isDirectory();
    const isOpaque = isDirectory && getXattr(above, opaqueXattr)?.toString() === "y";
    if (isDirectory && shadowed.isDirectory() && !isOpaque) pruneOverlay(below, above);
    else if (isDirectory) removeTree(above);
    else removeIfExists(above);
  }
}
