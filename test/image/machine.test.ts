// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { startMachine } from "../../src/image/index.ts";

/**
 * A disk whose boot sector writes `text` to both serial lines and halts. A machine that boots Linux is test/boot's.
 */
function talkingDisk(context: TestContext, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), "atomic-machine-"));
  context.after(() => rmSync(directory, { recursive: true }));
  // xor ax,ax; mov ds,ax; mov si,text; loop: lodsb; test al,al; jz halt; mov dx,0x3f8; out dx,al; mov dx,0x2f8; out dx,al; jmp loop; halt: hlt; jmp halt
  const code = Buffer.from("31c08ed8be207cac84c0740abaf803eebaf802eeebf1f4ebfd", "hex");
  const disk = Buffer.alloc(1 << 20);
  code.copy(disk);
  disk.write(text, 0x20, "latin1");
  disk.writeUInt16LE(0xaa55, 510);
  const path = join(directory, "disk");
  writeFileSync(path, disk);
  return path;
}

test("what a machine says is kept, and a wait ends in time with the console's last lines", async (context) => {
  let heard = "";
  const disk = talkingDisk(context, "hello from the disk\r\n");
  await using machine = await startMachine({
    disk,
    accelerator: "tcg",
    memory: 64,
    onConsole: (text) => void (heard += text),
  });
  await machine.waitForConsole(/hello from the disk/, 30);
  assert.match(heard, /hello from the disk/);
  await assert.rejects(machine.run("true", { timeoutSeconds: 1 }), {
    code: "image-machine-timeout",
    message: /not up after 1 s\nLast lines of its console:\n[^]*hello from the disk/,
  });
});

test("a panic ends the waiting at once", async (context) => {
  const disk = talkingDisk(context, "Kernel panic - not syncing: no working init\r\n");
  await using machine = await startMachine({ disk, accelerator: "tcg", memory: 64 });
  await assert.rejects(machine.waitForBoot(600), { code: "image-machine-ended", message: /Kernel panic/ });
});

test("the end of a machine ends what waits for it, and leaves no files", async (context) => {
  const disk = talkingDisk(context, "up\r\n");
  const files = () => readdirSync(tmpdir()).filter((name) => name.startsWith("atomic-vm-"));
  const before = new Set(files());
  const machine = await startMachine({ disk, accelerator: "tcg", memory: 64 });
  const own = files().filter((name) => !before.has(name));
  const waiting = assert.rejects(machine.waitForBoot(600), { code: "image-machine-ended" });
  await machine.cutPower();
  await waiting;
  await machine.stop();
  assert.deepEqual(
    files().filter((name) => own.includes(name)),
    [],
  );
});

test("a machine that cannot start says why", async (context) => {
  const disk = talkingDisk(context, "");
  const firmware = { disk, accelerator: "tcg", memory: 64, restore: "nothing" } as const;
  await assert.rejects(startMachine(firmware), {
    code: "image-machine-ended",
    message: /QEMU did not start: .*snapshot/,
  });
});
