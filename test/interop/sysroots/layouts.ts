// SPDX-License-Identifier: Apache-2.0
/** How machines of others are laid out: their boot loaders, as installers leave them before the first deployment. */
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface Layout {
  readonly name: string;
  /** `sysroot.bootloader` */
  readonly configured: "auto" | "none";
  /** What an installer puts into boot. */
  prepare(path: string): void;
  /** The kernels that the boot loader offers by a configuration of its own, in their order. */
  offered?(path: string): string[];
}

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}

/** The kernels named on lines that a pattern finds. */
const kernels = (path: string, pattern: RegExp): string[] =>
  [...readFileSync(path, "utf8").matchAll(pattern)].map((match) => match[1]!);

/** In place of grub2-mkconfig: the entries of the version that is being written, the first that boots first. */
const generator = (path: string) => `#!/bin/sh -e
for entry in $(ls -r ${path}/boot/loader.$_OSTREE_GRUB2_BOOTVERSION/entries/*.conf); do
  sed -n 's/^title \\(.*\\)/menuentry "\\1" {/p; s/^linux /linux /p' $entry
  echo }
done >"$2"
`;

export const layouts: readonly Layout[] = [
  { name: "no boot loader", configured: "none", prepare() {} },
  {
    name: "GRUB with blscfg, as bootupd installs it",
    configured: "none",
    prepare(path) {
      put(join(path, "boot/grub2/grub.cfg"), "insmod blscfg\nblscfg\n");
      put(join(path, "boot/bootupd-state.json"), `{"installed":{},"static-configs":{"timestamp":"2026-01-01"}}`);
    },
  },
  {
    name: "GRUB by grub2-mkconfig",
    configured: "auto",
    prepare(path) {
      link("../loader/grub.cfg", join(path, "boot/grub2/grub.cfg"));
      put(join(path, "grub2-mkconfig.sh"), generator(path));
      chmodSync(join(path, "grub2-mkconfig.sh"), 0o755);
      process.env["OSTREE_GRUB2_EXEC"] = join(path, "grub2-mkconfig.sh");
    },
    offered: (path) => kernels(join(path, "boot/grub2/grub.cfg"), /^linux (\S+)/gm),
  },
  {
    name: "SYSLINUX",
    configured: "auto",
    prepare(path) {
      link("loader.0", join(path, "boot/loader"));
      put(join(path, "boot/loader.0/syslinux.cfg"), "TIMEOUT 20\nLABEL memtest\n\tKERNEL /memtest\n");
      link("../loader/syslinux.cfg", join(path, "boot/syslinux/syslinux.cfg"));
    },
    offered: (path) => kernels(join(path, "boot/syslinux/syslinux.cfg"), /^\tKERNEL (\/(?:boot\/)?ostree\S+)/gm),
  },
  {
    name: "U-Boot",
    configured: "auto",
    prepare(path) {
      link("loader.0", join(path, "boot/loader"));
      put(join(path, "boot/loader.0/uEnv.txt"), "");
      link("loader/uEnv.txt", join(path, "boot/uEnv.txt"));
    },
    offered: (path) => kernels(join(path, "boot/uEnv.txt"), /^kernel_image\d*=(\S+)/gm),
  },
];
