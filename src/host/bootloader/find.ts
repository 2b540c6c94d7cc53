// SPDX-License-Identifier: Apache-2.0
import { hostError } from "../errors.ts";
import type { Sysroot } from "../sysroot.ts";
import { aboot } from "./aboot.ts";
import { grub2 } from "./grub2.ts";
import type { BootLoader } from "./model.ts";
import { none } from "./none.ts";
import { syslinux } from "./syslinux.ts";
import { uboot } from "./uboot.ts";
import { zipl } from "./zipl.ts";

/** By the value of `sysroot.bootloader` (ostree.repo-config(5)). */
const bootLoaders: Readonly<Record<string, BootLoader>> = { none, grub2, syslinux, uboot, zipl, aboot };

/** Those that can be recognised by their configuration, in the order in which they are tried. */
const recognised = [syslinux, grub2, uboot];

/** The boot loader of a system root: as configured, else by what is in boot (`_ostree_sysroot_query_bootloader`). */
export function findBootLoader(sysroot: Sysroot): BootLoader {
  const configured = sysroot.repo.config.get("sysroot", "bootloader") ?? "auto";
  if (configured === "auto") return recognised.find((loader) => loader.isActive(sysroot)) ?? none;
  const found = Object.hasOwn(bootLoaders, configured) ? bootLoaders[configured] : undefined;
  if (found !== undefined) return found;
  throw hostError("bad-sysroot", `Invalid bootloader configuration: '${configured}'`);
}
