// SPDX-License-Identifier: Apache-2.0
import { defineErrors } from "../base/index.ts";

export const imageError = defineErrors("image", {
  size: "A disk size cannot be read, or the disk is too small for what has to go on it.",
  "no-space": "The file system has too little free space for the disk image; nothing was written.",
  "boot-loader-missing":
    "The boot loader's files are not on this machine. They are taken from the packages that the hint names.",
  "boot-loader": "The boot loader's files are not what this program knows how to install.",
  "not-gpt": "A file or disk has no valid GUID partition table.",
  "no-root": "The sysroot directory has no deployment that could be booted.",
  "needs-root": "Making a disk needs root: files in it belong to other users. Run it as root.",
  format: "The disk format is not known; raw and qcow2 are.",
  "machine-ended": "The virtual machine ended by itself; the message shows what it wrote last.",
  "machine-timeout": "The virtual machine did not do in time what was waited for; its last console lines are shown.",
  "command-failed": "A command inside the virtual machine ended with an error; its output is shown.",
  "firmware-missing": "The UEFI firmware for virtual machines is not on this machine (Debian: package ovmf).",
  "disk-in-use":
    "The disk is mounted, or something else holds it. Nothing was written. Unmount it, or name another one.",
  "disk-not-empty":
    "There is something on the disk already, and it would be lost. Nothing was written. --wipe says that it may go.",
  "unusable-option": "An option's value makes no sense here; the message says which and why.",
});
