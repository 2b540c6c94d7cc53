// SPDX-License-Identifier: Apache-2.0
import { closeSync, copyFileSync, existsSync, openSync, readSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { findProgram } from "../base/index.ts";
import type { Accelerator } from "./accelerator.ts";
import { imageError } from "./errors.ts";
import type { Credential } from "./credentials.ts";

export type Firmware = "bios" | "uefi";
export type DiskFormat = "raw" | "qcow2";

/** A virtual machine, apart from how its serial lines and its control socket are connected. */
export interface Hardware {
  readonly disk: string;
  readonly format: DiskFormat;
  /** Further disks, which the machine does not boot from: what is written to them stays. */
  readonly moreDisks?: readonly { readonly path: string; readonly format: DiskFormat }[];
  /** MiB. */
  readonly memory: number;
  readonly cpus: number;
  readonly accelerator: Accelerator;
  readonly firmware:
    | { readonly type: "bios" }
    | { readonly type: "uefi"; readonly code: string; readonly vars: string };
  /** Changes to the disk are thrown away at the end. */
  readonly snapshot: boolean;
  /** The disk need not survive a crash of this machine: flushes are not passed on. */
  readonly unsafe: boolean;
  /** TCP ports of this machine's loopback interface that lead into the guest. */
  readonly forwards: readonly { readonly host: number; readonly guest: number }[];
  readonly credentials: readonly Credential[];
}

/**
 * QEMU 7.2 emulates cmpxchg16b wrongly now and then: the flags that it leaves are garbage, and the guest's kernel panics
 * in its memory allocator. Without it the kernel takes another way.
 */
const emulatedCpu = "max,-cx16";

/** QEMU's arguments for the hardware; the caller adds serial lines. */
export function hardwareArguments(hardware: Hardware): string[] {
  const { accelerator, cpus } = hardware;
  // More than one processor costs more than it gives under TCG, and QEMU 7.2 was seen to crash guests so.
  const kind = accelerator === "kvm" ? "kvm" : `tcg,tb-size=512,thread=${cpus > 1 ? "multi" : "single"}`;
  const board = ["-machine", "q35", "-accel", kind, "-cpu", accelerator === "kvm" ? "host" : emulatedCpu];
  const size = ["-smp", String(cpus), "-m", String(hardware.memory)];
  const devices = ["-nodefaults", "-display", "none", "-device", "virtio-rng-pci"];
  return [
    ...board,
    ...size,
    ...devices,
    ...firmwareArguments(hardware.firmware),
    ...driveArguments(hardware),
    ...networkArguments(hardware.forwards),
    ...hardware.credentials.flatMap(credentialArguments),
  ];
}

function firmwareArguments(firmware: Hardware["firmware"]): string[] {
  if (firmware.type === "bios") return [];
  const flash = (file: string, extra: string) => ["-drive", `if=pflash,format=raw,file=${escape(file)}${extra}`];
  return [...flash(firmware.code, ",readonly=on"), ...flash(firmware.vars, "")];
}

function driveArguments({ disk, format, moreDisks = [], snapshot, unsafe }: Hardware): string[] {
  const drive = (id: string, path: string, kind: DiskFormat, flags: { snapshot: boolean; unsafe: boolean }) => {
    const cache = flags.unsafe || flags.snapshot ? ",cache=unsafe" : "";
    const file = `file=${escape(path)},if=none,id=${id},format=${kind},discard=unmap${cache}`;
    return ["-drive", `${file},snapshot=${flags.snapshot ? "on" : "off"}`, "-device", `virtio-blk-pci,drive=${id}`];
  };
  return [
    ...drive("disk", disk, format, { snapshot, unsafe }),
    ...moreDisks.flatMap((more, index) =>
      drive(`disk${index + 2}`, more.path, more.format, { snapshot: false, unsafe }),
    ),
  ];
}

/** User networking: the guest sees this machine as 10.0.2.2. */
function networkArguments(forwards: Hardware["forwards"]): string[] {
  const rules = forwards.map(({ host, guest }) => `,hostfwd=tcp:127.0.0.1:${host}-:${guest}`).join("");
  return ["-netdev", `user,id=net${rules}`, "-device", "virtio-net-pci,netdev=net,romfile="];
}

/** systemd.exec(5), "Credentials": SMBIOS vendor strings of type 11 reach the guest's service manager. */
function credentialArguments({ name, value }: Credential): string[] {
  const text = Buffer.from(value).toString("base64");
  return ["-smbios", `type=11,value=io.systemd.credential.binary:${name}=${text}`];
}

/** QEMU's option parser reads a doubled comma as one. */
function escape(path: string): string {
  return path.replaceAll(",", ",,");
}

/** Makes a command end with this process, however that ends (prctl(2), PR_SET_PDEATHSIG). */
export function endingWithUs(command: readonly string[]): string[] {
  return findProgram("setpriv") === undefined ? [...command] : ["setpriv", "--pdeathsig", "KILL", ...command];
}

const qcow2Magic = 0x514649fb;

/** Raw unless the file says that it is qcow2. */
export function detectFormat(disk: string): DiskFormat {
  if (!existsSync(disk)) {
    throw imageError("unusable-option", `there is no disk ${disk}`, { hint: "atomic image build  makes one" });
  }
  const fd = openSync(disk, "r");
  try {
    const head = Buffer.alloc(4);
    readSync(fd, head, 0, 4, 0);
    return head.readUInt32BE(0) === qcow2Magic ? "qcow2" : "raw";
  } finally {
    closeSync(fd);
  }
}

/** Where distributions keep OVMF: Debian, Fedora, Arch. */
const firmwares = [
  ["/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"],
  ["/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"],
  ["/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"],
  ["/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"],
] as const;

/** The firmware's files; its variables are copied into `directory`, for the machine writes to them. */
export function prepareFirmware(type: Firmware, directory: string): Hardware["firmware"] {
  if (type === "bios") return { type };
  const found = firmwares.find((paths) => paths.every((path) => existsSync(path)));
  if (found === undefined) {
    throw imageError("firmware-missing", "no UEFI firmware (OVMF) found", { hint: "apt-get install ovmf" });
  }
  const vars = join(directory, "uefi-variables.fd");
  copyFileSync(found[1], vars);
  return { type, code: found[0], vars };
}

export function defaultCpus(accelerator: Accelerator): number {
  return accelerator === "kvm" ? Math.min(availableParallelism(), 4) : 1;
}
