// SPDX-License-Identifier: Apache-2.0
/** GRUB for BIOS and UEFI without grub-install: the images are made by grub-mkimage and placed on the disk by us. */
import { existsSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram, run } from "../base/index.ts";
import { imageError } from "./errors.ts";
import { sectorSize } from "./gpt.ts";
import { biosModules, earlyConfig, efiModules, grubConfig } from "./grub-config.ts";

export interface GrubFiles {
  /** First sector's program, not yet told where `core` is. */
  readonly boot: Buffer;
  /** The BIOS core image, not yet told where it is. */
  readonly core: Buffer;
  /** The UEFI program. */
  readonly efi: Buffer;
}

const modulesDirectory = "/usr/lib/grub";

/**
 * Makes GRUB's images.
 * @param directory an empty scratch directory
 * @param rootLabel label of the file system that has `/boot/loader`
 */
export async function makeGrub(directory: string, rootLabel: string): Promise<GrubFiles> {
  requireGrub();
  const config = join(directory, "grub.cfg");
  const early = join(directory, "early.cfg");
  const memdisk = join(directory, "memdisk.tar");
  writeFileSync(config, grubConfig(rootLabel));
  writeFileSync(early, earlyConfig);
  utimesSync(config, 0, 0);
  const owner = ["--owner=root:0", "--group=root:0", "--mode=0644", "--format=ustar"];
  await run("tar", ["-C", directory, ...owner, "-cf", memdisk, "grub.cfg"]);
  const make = async (format: string, modules: readonly string[]) => {
    const output = join(directory, `${format}.img`);
    const base = ["-O", format, "-d", join(modulesDirectory, format), "-p", "(memdisk)/", "-c", early, "-m", memdisk];
    await run("grub-mkimage", [...base, "-o", output, ...modules]);
    return readFileSync(output);
  };
  const boot = readFileSync(join(modulesDirectory, "i386-pc/boot.img"));
  const core = await make("i386-pc", biosModules);
  return { boot, core, efi: await make("x86_64-efi", efiModules) };
}

function requireGrub(): void {
  const missing = [
    ...(findProgram("grub-mkimage") === undefined ? ["grub-common"] : []),
    ...(existsSync(join(modulesDirectory, "i386-pc/boot.img")) ? [] : ["grub-pc-bin"]),
    ...(existsSync(join(modulesDirectory, "x86_64-efi/moddep.lst")) ? [] : ["grub-efi-amd64-bin"]),
  ];
  if (missing.length === 0) return;
  throw imageError("boot-loader-missing", `GRUB is not installed: ${missing.join(", ")} missing`, {
    hint: `apt-get install ${missing.join(" ")}`,
  });
}

// Offsets in GRUB's boot.S and diskboot.S, named as in include/grub/i386/pc/boot.h.
const kernelSectorOffset = 0x5c;
const bootDriveCheckOffset = 0x66;
const bootCodeEnd = 0x1b8;
const blockListOffset = sectorSize - 12;
const nop = 0x90;

/**
 * Writes the boot program into a protective MBR, whose partition entries stay as they are.
 * @param coreSector where the core image begins
 */
export function patchMbr(mbr: Buffer, boot: Buffer, coreSector: number): void {
  if (boot.length !== sectorSize || boot.readUInt16LE(510) !== 0xaa55) {
    throw imageError("boot-loader", "GRUB's boot.img is not one boot sector");
  }
  boot.copy(mbr, 0, 0, bootCodeEnd);
  mbr.writeBigUInt64LE(BigInt(coreSector), kernelSectorOffset);
  // As grub-bios-setup does for hard disks: firmware that passes a wrong drive number is put right.
  mbr.fill(nop, bootDriveCheckOffset, bootDriveCheckOffset + 2);
}

/**
 * The core image, told where it lies: its first sector loads the rest by a block list at its end, of which
 * grub-mkimage has filled in length and address but not the start.
 */
export function placeCore(core: Buffer, sector: number, room: number): Buffer {
  if (core.length <= sectorSize || core.length > room) {
    throw imageError("boot-loader", `GRUB's core image has ${core.length} bytes, its partition ${room}`);
  }
  const placed = Buffer.alloc(Math.ceil(core.length / sectorSize) * sectorSize);
  core.copy(placed);
  const length = placed.length / sectorSize - 1;
  if (placed.readUInt16LE(blockListOffset + 8) !== length) {
    throw imageError("boot-loader", "GRUB's core image has an unknown block list");
  }
  placed.writeBigUInt64LE(BigInt(sector + 1), blockListOffset);
  return placed;
}
