// SPDX-License-Identifier: Apache-2.0
import { statSync } from "node:fs";
import { join } from "node:path";
import { readIfExists } from "../base/index.ts";
import { readGVariant } from "../formats/index.ts";

/** The running machine, when it was booted from a deployment of the system root at hand. */
export interface Running {
  /** Where run-time state is: `/run`. */
  readonly run: string;
  /** The booted root directory: `/`. */
  readonly root: string;
}

/** Says whether `path` is the root of a machine that was booted from a deployment (`ostree_sysroot_initialize`). */
export function detectRunning(path: string): Running | undefined {
  const machine: Running = { run: "/run", root: "/" };
  if (readIfExists(join(machine.run, "ostree-booted")) === undefined) return undefined;
  const [given, root] = [statSync(path), statSync(machine.root)];
  return given.dev === root.dev && given.ino === root.ino ? machine : undefined;
}

/** Device and inode of the booted deployment's directory, as `DEVICE:INODE`. */
export function bootedDirectoryId(machine: Running): string {
  return recordedDirectoryId(join(machine.run, "ostree-booted")) ?? directoryId(machine.root);
}

/** As `bootedDirectoryId`, of the deployment that a soft reboot would start. */
export function nextRootId(machine: Running): string | undefined {
  return recordedDirectoryId(join(machine.run, "ostree/nextroot-booted"));
}

/** ostree-prepare-root records them when `/` is a composefs or overlay mount (OTCORE_RUN_BOOTED_KEY_BACKING_ROOTDEVINO). */
function recordedDirectoryId(path: string): string | undefined {
  const bytes = readIfExists(path);
  if (bytes === undefined || bytes.length === 0) return undefined;
  const value = readGVariant("a{sv}", bytes, path);
  const recorded = value instanceof Map ? value.get("backing-root-device-inode") : undefined;
  if (recorded?.type !== "(tt)" || !Array.isArray(recorded.value)) return undefined;
  return recorded.value.join(":");
}

export function directoryId(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  return `${dev}:${ino}`;
}
