// SPDX-License-Identifier: Apache-2.0
/** Mounts a deployment as ostree-prepare-root would at boot, for a soft reboot (`_ostree_prepare_soft_reboot`). */
import { spawnSync } from "node:child_process";
import { mkdtempSync, statSync } from "node:fs";
import { join } from "node:path";
import { lstatIfExists, makeDirectories, mount, mountFlags, unmount, writeFileAtomic } from "../base/index.ts";
import { type Variant, writeGVariant } from "../formats/index.ts";
import { composefsName, readPrepareRoot } from "./composefs.ts";
import { hostError } from "./errors.ts";

const next = "/run/nextroot";
const physical = "/sysroot";

/**
 * Mounts `tree` at /run/nextroot and leaves a note of what it is. Only deployments that boot by composefs can be mounted
 * beside the running one. The caller is in the machine's mount namespace, and unmounts when this fails.
 * @param tree the deployment's root, below /sysroot
 */
export function mountNextRoot(tree: string): void {
  const config = readPrepareRoot(tree);
  const composefs = config.get("composefs", "enabled") ?? "no";
  if (composefs === "signed") throw hostError("bad-tree", "soft reboot is not supported with signed composefs");
  if (!["yes", "true", "1", "verity"].includes(composefs))
    throw hostError("bad-tree", "soft reboot not supported without composefs");
  const verity = composefs === "verity";
  const readOnlyTransient = config.getBoolean("root", "transient-ro") ?? false;
  const transient = (config.getBoolean("root", "transient") ?? false) || readOnlyTransient;
  makeDirectories(next);
  const transientEtc = throughTemporaryMount(() => {
    mountImage(tree, { verity, transient, readOnly: !transient || readOnlyTransient });
    mountBoot();
    return mountEtc(tree, config.getBoolean("etc", "transient") ?? false);
  });
  mount(physical, join(next, "sysroot"), "", mountFlags.bind);
  mount(physical, join(next, "sysroot"), "", mountFlags.bind | mountFlags.remount | mountFlags.readOnly);
  leaveNote(tree, { verity, transient, readOnlyTransient, transientEtc });
}

/**
 * What is mounted from below /sysroot would keep systemd from unmounting it: it is mounted from below a copy, which goes
 * away at once.
 */
function throughTemporaryMount<T>(action: () => T): T {
  mount(physical, physical, "", mountFlags.bind);
  try {
    return action();
  } finally {
    unmount(physical, true);
  }
}

function mountImage(tree: string, how: { verity: boolean; transient: boolean; readOnly: boolean }): void {
  const options = [`basedir=${physical}/ostree/repo/objects`];
  if (how.verity) options.push("verity");
  if (how.readOnly) options.push("ro");
  if (how.transient) {
    const [upper, work] = ["upper", "work"].map((name) => `/run/ostree/.private/root/${name}`);
    makeDirectories(upper!, 0o755);
    makeDirectories(work!, 0o700);
    options.push(`upperdir=${upper}`, `workdir=${work}`);
  }
  const args = ["-o", options.join(","), join(tree, composefsName), next];
  const { status, error, stderr } = spawnSync("mount.composefs", args, { encoding: "utf8" });
  if (status === 0) return;
  throw hostError("bad-tree", `composefs: failed to mount: ${error?.message ?? stderr.trim()}`, {
    hint: "mount.composefs is in the package composefs",
    cause: error,
  });
}

/** A boot directory on the root file system is shown in the deployment, too (`otcore_mount_boot`). */
function mountBoot(): void {
  if (lstatIfExists(join(physical, "boot/loader"))?.isSymbolicLink() !== true) return;
  if (lstatIfExists(join(next, "boot"))?.isDirectory() !== true) return;
  mount(join(physical, "boot"), join(next, "boot"), "", mountFlags.bind);
}

/** @returns where a transient /etc keeps its changes (`otcore_mount_etc`) */
function mountEtc(tree: string, transient: boolean): string | undefined {
  const target = join(next, "etc");
  if (!transient) {
    mount(join(tree, "etc"), target, "", mountFlags.bind);
    mount(target, target, "", mountFlags.bind | mountFlags.remount);
    return undefined;
  }
  const directory = mkdtempSync("/run/ostree/transient-etc.");
  const [upper, work] = [join(directory, "upper"), join(directory, "work")];
  for (const path of [upper, work]) makeDirectories(path);
  mount("overlay", target, "overlay", 0, `lowerdir=${next}/usr/etc,upperdir=${upper},workdir=${work}`);
  return directory;
}

interface NextRoot {
  readonly verity: boolean;
  readonly transient: boolean;
  readonly readOnlyTransient: boolean;
  readonly transientEtc: string | undefined;
}

/** What /run/ostree-booted will say after the soft reboot (OTCORE_RUN_NEXTROOT_BOOTED). */
function leaveNote(tree: string, root: NextRoot): void {
  const { dev, ino } = statSync(tree, { bigint: true });
  const flag = (value: boolean): Variant => ({ type: "b", value });
  const note = new Map<string, Variant>([
    ["backing-root-device-inode", { type: "(tt)", value: [dev, ino] }],
    ["root.transient", flag(root.transient)],
    ["root.transient-ro", flag(root.readOnlyTransient)],
    ["composefs", flag(true)],
    ["composefs.verity", flag(root.verity)],
    ...(root.transientEtc === undefined
      ? []
      : [["transient-etc", { type: "s", value: root.transientEtc }] satisfies [string, Variant]]),
    ["sysroot-ro", flag(true)],
  ]);
  makeDirectories("/run/ostree");
  writeFileAtomic("/run/ostree/nextroot-booted", writeGVariant("a{sv}", note), { durable: false });
}
