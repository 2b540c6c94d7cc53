// SPDX-License-Identifier: Apache-2.0

/** Modules that both GRUB images carry: all that the configuration below and the deployments' own need. */
export const grubModules = [
  "boot",
  "configfile",
  "echo",
  "ext2",
  "gzio",
  "halt",
  "linux",
  "loadenv",
  "ls",
  "memdisk",
  "minicmd",
  "normal",
  "part_gpt",
  "reboot",
  "search",
  "search_label",
  "serial",
  "sleep",
  "syslinuxcfg",
  "tar",
  "test",
  "true",
] as const;

/** libostree's syslinux configuration becomes `linux16`, which only the BIOS build has. */
export const biosModules = [...grubModules, "biosdisk", "linux16"] as const;
export const efiModules = [...grubModules, "all_video", "efi_gop", "fat"] as const;

/**
 * GRUB's configuration. It never changes after installation: what to boot stands in `/boot/loader`, a symbolic link
 * that a deployment switches in one rename, so that at no instant a half-written configuration can be read.
 *
 * `grub.cfg` there is written by our deployment engine; `syslinux.cfg` by stock libostree with
 * `sysroot.bootloader=syslinux`. `syslinux_configfile` would open a second menu; `syslinux_source` adds to this one.
 */
export function grubConfig(rootLabel: string): string {
  return `# Installed with the disk. What is booted is decided by /boot/loader on the root file system.
set default=0
set timeout=1
if serial --unit=0 --speed=115200; then
  terminal_input console serial
  terminal_output console serial
fi
search --no-floppy --set=root --label ${rootLabel} --hint hd0,gpt3
if [ -f /boot/loader/grub.cfg ]; then
  source /boot/loader/grub.cfg
elif [ -f /boot/loader/syslinux.cfg ]; then
  syslinux_source /boot/loader/syslinux.cfg
else
  echo "No boot entries: /boot/loader/grub.cfg is missing on the file system labelled ${rootLabel}."
fi
`;
}

/** Read by GRUB's first stage, whose parser knows no \`if\`: it only points to the file in the memory disk. */
export const earlyConfig = `set prefix=(memdisk)/
set root=memdisk
configfile (memdisk)/grub.cfg
`;
