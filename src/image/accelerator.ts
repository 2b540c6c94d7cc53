// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Accelerator = "kvm" | "tcg";

/** mov al, 16; out 0xf4, al; hlt; jmp: leaves QEMU by the debug exit device. */
const program = Buffer.from([0xb0, 0x10, 0xe6, 0xf4, 0xf4, 0xeb, 0xfd]);
/** isa-debug-exit ends with (value << 1) | 1. */
const wanted = (16 << 1) | 1;
const probeSeconds = 10;

/**
 * Whether machines really run under KVM: `/dev/kvm` may be there and openable and still be unusable (nested
 * virtualization that refuses a register, no hardware behind it). Boots a seven byte program, which takes 0.1 s.
 */
export async function kvmWorks(): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), "atomic-kvm-"));
  try {
    const disk = Buffer.alloc(1 << 20);
    program.copy(disk);
    disk.writeUInt16LE(0xaa55, 510);
    const path = join(directory, "disk");
    writeFileSync(path, disk);
    return (await exitCode("qemu-system-x86_64", probeArguments(path))) === wanted;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function probeArguments(disk: string): string[] {
  const none = ["-nodefaults", "-display", "none", "-monitor", "none", "-serial", "none"];
  const drive = ["-drive", `file=${disk},format=raw,if=none,id=d,readonly=on`, "-device", "virtio-blk-pci,drive=d"];
  const exit = ["-device", "isa-debug-exit,iobase=0xf4,iosize=1"];
  return ["-machine", "q35", "-accel", "kvm", "-cpu", "host", "-m", "64", ...none, ...drive, ...exit];
}

function exitCode(command: string, args: string[]): Promise<number | null> {
  const { promise, resolve } = Promise.withResolvers<number | null>();
  const child = spawn(command, args, { stdio: "ignore", timeout: probeSeconds * 1000, killSignal: "SIGKILL" });
  child.on("error", () => resolve(null));
  child.on("close", (code) => resolve(code));
  return promise;
}

/** The fastest way that works here, or the one asked for. */
export async function chooseAccelerator(asked: Accelerator | "auto"): Promise<Accelerator> {
  if (asked !== "auto") return asked;
  return (await kvmWorks()) ? "kvm" : "tcg";
}
