// SPDX-License-Identifier: Apache-2.0
/**
 * GRUB 2 by the distribution's own generator, as libostree drives it (ostree-bootloader-grub2.c): grub2-mkconfig, whose
 * script `15_ostree` calls `ostree admin instutil grub2-generate`; or another program, named by OSTREE_GRUB2_EXEC.
 */
import { closeSync, copyFileSync, fdatasyncSync, openSync, renameSync, rmSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { listDirectory, lstatIfExists, readTextIfExists } from "../../base/index.ts";
import { hostError } from "../errors.ts";
import type { Sysroot } from "../sysroot.ts";
import type { BootLoader, BootMenu } from "./model.ts";

export const grub2: BootLoader = {
  name: "grub2",
  isAtomic: (sysroot) => efiConfig(sysroot) === undefined,
  isActive: (sysroot) => !hasStaticConfig(sysroot) && (hasBiosConfig(sysroot) || efiConfig(sysroot) !== undefined),
  write(menu) {
    const efi = efiConfig(menu.sysroot);
    const target = efi === undefined ? join(menu.sysroot.boot, `loader.${menu.version}`, "grub.cfg") : `${efi}.new`;
    rmSync(target, { force: true });
    generate(menu, resolve(target), efi !== undefined);
    syncData(target);
    if (efi === undefined) return;
    // FAT has no atomic replacement.
    copyFileSync(efi, `${efi}.old`);
    renameSync(target, efi);
  },
};

/** bootupd says in its state that GRUB's configuration is static: it reads the boot entries. */
function hasStaticConfig({ path }: Sysroot): boolean {
  const state = readTextIfExists(join(path, "boot/bootupd-state.json")) ?? "";
  return state.includes('"static-configs"') && !state.includes('"static-configs":null');
}

function hasBiosConfig({ path }: Sysroot): boolean {
  return ["boot/grub2/grub.cfg", "boot/grub/grub.cfg"].some((name) => lstatIfExists(join(path, name)) !== undefined);
}

/** The configuration on the EFI system partition; one for BIOS goes before it. */
function efiConfig(sysroot: Sysroot): string | undefined {
  if (hasBiosConfig(sysroot)) return undefined;
  const vendors = join(sysroot.path, "boot/efi/EFI");
  const configs = listDirectory(vendors).flatMap((name) => (name === "BOOT" ? [] : [join(vendors, name, "grub.cfg")]));
  return configs.find((path) => lstatIfExists(path) !== undefined);
}

const generators = ["/usr/sbin/grub2-mkconfig", "/usr/sbin/grub-mkconfig"];

function generate({ sysroot, version, deployments }: BootMenu, target: string, isEfi: boolean): void {
  const chosen = process.env["OSTREE_GRUB2_EXEC"];
  const isSystem = chosen === undefined || /(^|\/)grub2?-mkconfig$/.test(chosen);
  // An installer has no generator of its own: the one of the new system is used.
  const tree = isSystem && sysroot.booted === undefined && sysroot.path !== "/" ? deployments[0] : undefined;
  const root = tree === undefined ? undefined : sysroot.directory(tree);
  const program = chosen ?? findGenerator(root ?? "/");
  const words = [program, "-o", target];
  const [command, ...args] = root === undefined ? words : ["unshare", "--mount", "--", "chroot", root, ...words];
  const shown = process.env["INVOCATION_ID"] !== undefined || process.env["OSTREE_DEBUG_GRUB2"] !== undefined;
  const { status, error } = spawnSync(command!, args, {
    stdio: ["ignore", shown ? "inherit" : "ignore", shown ? "inherit" : "ignore"],
    env: {
      ...process.env,
      _OSTREE_GRUB2_BOOTVERSION: String(version),
      ...(isEfi ? { _OSTREE_GRUB2_IS_EFI: "1" } : {}),
    },
  });
  if (status === 0) return;
  const reason = error?.message ?? `Child process exited with code ${status}`;
  throw hostError("boot-loader", `Bootloader write config: ${program}: ${reason}`, {
    hint: "OSTREE_DEBUG_GRUB2=1 shows its output",
    cause: error,
  });
}

function findGenerator(root: string): string {
  return generators.find((path) => lstatIfExists(join(root, path)) !== undefined) ?? generators[0]!;
}

function syncData(path: string): void {
  const fd = openSync(path, "r");
  try {
    fdatasyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
