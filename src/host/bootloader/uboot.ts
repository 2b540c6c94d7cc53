// SPDX-License-Identifier: Apache-2.0
/** U-Boot: variables in `boot/loader/uEnv.txt`, those of the n-th entry with the suffix n (ostree-bootloader-uboot.c). */
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lstatIfExists, readTextIfExists } from "../../base/index.ts";
import { type BlsEntry, blsValue } from "../../formats/index.ts";
import { hostError } from "../errors.ts";
import { kernelArgValue, parseKernelArgs } from "../kernel-args.ts";
import { firstValue, requireValue } from "./entry-value.ts";
import { joinLines } from "./join-lines.ts";
import type { BootLoader } from "./model.ts";

const configPath = "boot/loader/uEnv.txt";

export const uboot: BootLoader = {
  name: "U-Boot",
  isAtomic: () => true,
  isActive: ({ path }) => lstatIfExists(join(path, configPath)) !== undefined,
  write({ sysroot, version, entries }) {
    statSync(join(sysroot.path, configPath));
    const lines = entries.flatMap((entry, index) => [
      ...variables(entry, index === 0 ? "" : String(index + 1)),
      ...(index === 0 ? treeLines(sysroot.path, entry) : []),
    ]);
    writeFileSync(join(sysroot.boot, `loader.${version}`, "uEnv.txt"), joinLines(lines));
  },
};

function variables(entry: BlsEntry, suffix: string): string[] {
  const variable = (name: string, value: string | undefined) =>
    value === undefined ? [] : [`${name}${suffix}=${value}`];
  const file = (name: string, value: string | undefined) =>
    variable(name, value === undefined ? undefined : `/boot${value}`);
  return [
    ...file("kernel_image", requireValue(entry, "linux")),
    ...file("ramdisk_image", firstValue(entry, "initrd")),
    ...file("fdt_file", blsValue(entry, "devicetree")),
    ...file("fdtdir", blsValue(entry, "fdtdir")),
    ...variable("bootargs", blsValue(entry, "options")),
  ];
}

/** What the tree itself adds, from usr/lib/ostree-boot/uEnv.txt (`append_system_uenv`). */
function treeLines(sysroot: string, entry: BlsEntry): string[] {
  const path = kernelArgValue(parseKernelArgs(blsValue(entry, "options") ?? ""), "ostree");
  if (path === undefined)
    throw hostError("bad-sysroot", "No ostree= kernel argument found in boot loader configuration file");
  const text = readTextIfExists(join(sysroot, path, "usr/lib/ostree-boot/uEnv.txt"));
  return text === undefined ? [] : [text];
}
