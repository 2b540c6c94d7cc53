// SPDX-License-Identifier: Apache-2.0
/**
 * A running host writes its version to a second disk of the machine, which then boots by itself. In this order: tests go on
 * where the one before left the disk.
 */
import assert from "node:assert/strict";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { emulationArguments, type Machine } from "../../src/image/index.ts";
import type { RunningServer } from "../../src/ostree/index.ts";
import { deployments, exampleWith, type Fixture, makeFixture, publish, serve, start } from "./fixture.ts";

let fixture: Fixture;
let machine: Machine;
let server: RunningServer;
let target: string;

/** Not that of the other boot tests, which may run at the same time. */
const port = 8442;

before(async () => {
  fixture = await makeFixture(exampleWith("dosfstools mtools grub-common grub-pc-bin grub-efi-amd64-bin"), port);
  server = await serve(fixture.repo.path, port);
  target = join(fixture.directory, "target.raw");
  writeFileSync(target, "");
  truncateSync(target, 10 * 2 ** 30);
  machine = await start({ disk: fixture.disk, moreDisks: [target], snapshot: true, unsafe: true });
});

after(async () => {
  await machine?.stop();
  await server?.close();
  fixture?.[Symbol.dispose]();
});

async function output(script: string, accept: readonly number[] = [0]): Promise<string> {
  return (await machine.run(script, { timeoutSeconds: 3600, accept })).output.trim();
}

/** The release is up, from the disk that was written. */
async function isInstalled(version: string): Promise<void> {
  assert.equal(await machine.waitForBoot(1200), "running", await output("systemctl --failed --no-pager"));
  assert.equal(await output("lsblk -n -o LABEL $(findmnt -n -o SOURCE /sysroot | sed 's/\\[.*//')"), "installed");
  const [now] = await deployments(machine);
  assert.deepEqual([now?.version, now?.booted], [version, true]);
}

test("the disk that runs, and a second root of the same label, are refused", async () => {
  assert.equal(await machine.waitForBoot(1200), "running", await output("systemctl --failed --no-pager"));
  assert.match(await output("atomic image install /dev/vda 2>&1", [1]), /error\[image-disk-in-use\]/);
  assert.match(await output("atomic image install /dev/vdb 2>&1", [1]), /has the label root already/);
});

test("the running version is written to the other disk", async () => {
  await output("touch /etc/of-this-machine");
  const args = emulationArguments.map((arg) => `--karg=${arg}`).join(" ");
  const told = await output(`atomic image install /dev/vdb --label=installed ${args} 2>&1`);
  assert.match(told, /\/dev\/vdb +10\.0 GiB, boots by BIOS and UEFI/);
  assert.equal(await output("lsblk -n -o LABEL /dev/vdb3"), "installed");
  assert.equal(await output("find /var/tmp -name 'atomic-install-*'"), "");
  await machine.powerOff(1200);
});

test("the disk boots by UEFI, without the other machine's /etc, and upgrades", async () => {
  machine = await start({ disk: target, unsafe: true, firmware: "uefi" });
  await isInstalled(fixture.first.version);
  assert.equal(await output("test -d /sys/firmware/efi && ls /etc/of-this-machine 2>/dev/null || echo none"), "none");
  publish(fixture, fixture.second);
  await output("atomic host upgrade");
  await machine.powerOff(1200);
});

test("and by BIOS, which finds the second release", async () => {
  machine = await start({ disk: target, unsafe: true });
  await isInstalled(fixture.second.version);
});
