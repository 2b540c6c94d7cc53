// SPDX-License-Identifier: Apache-2.0
/**
 * Real GRUB counts the attempts to boot a version on trial, on a disk where entries only say what they would boot and start
 * the machine again: no kernel, some seconds.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test, type TestContext } from "node:test";
import { makeDirectories } from "../../src/base/index.ts";
import { encodeGrubEnv, parseBlsEntry } from "../../src/formats/index.ts";
import { renderGrubConfig, trialVariables } from "../../src/host/index.ts";
import { type Firmware, mebibyte, seededUuids, writeDisk } from "../../src/image/index.ts";
import { start } from "./fixture.ts";

const id = `${"5".repeat(64)}.0`;
const names = trialVariables(1);
/** Short: GRUB breaks lines after 80 characters. */
const entry = (name: string) =>
  parseBlsEntry(`title ${name}
options rw
linux /${name}
initrd /i
`);

/** A disk whose first version is on trial with two attempts. */
async function makeDisk(directory: string): Promise<string> {
  const source = join(directory, "root");
  makeDirectories(join(source, "boot/loader"));
  const counted = { id, tries: 2, fallback: 2, version: 1, file: "/boot/grubenv" } as const;
  const config = renderGrubConfig([entry("new"), entry("other"), entry("old")], { timeout: 0, counted });
  const saying = config
    .replaceAll(/^ {2}linux (.*)$/gm, "  echo BOOTS $1 END\n  sleep 1\n  reboot")
    .replaceAll(/^ {2}initrd .*\n/gm, "");
  writeFileSync(join(source, "boot/loader/grub.cfg"), saying);
  const variables = new Map([
    [names.left, "2"],
    [names.id, id],
  ]);
  writeFileSync(join(source, "boot/grubenv"), encodeGrubEnv(variables));
  const disk = join(directory, "disk.raw");
  const size = 512 * mebibyte;
  await writeDisk(disk, {
    source,
    size,
    label: "root",
    uuids: seededUuids("x"),
    immutable: [],
    scratch: join(directory, "s"),
  });
  return disk;
}

async function attempts(t: TestContext, firmware: Firmware, wanted: number): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), "atomic-count-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  let text = "";
  const said = () => [...text.matchAll(/BOOTS (.*?) END/g)].map(([, words]) => words!);
  await using _machine = await start({
    disk: await makeDisk(directory),
    unsafe: true,
    firmware,
    onConsole: (piece) => (text += piece),
  });
  for (let seconds = 0; seconds < 300 && said().length < wanted; seconds++) await sleep(1000);
  return said().slice(0, wanted);
}

const trial = "/new rw atomic.trial panic=10 rd.shell=0 rd.emergency=reboot";
const fallback = "/old rw atomic.fallback";

test("GRUB boots the version on trial as often as it may, then what ran before", async (t) => {
  assert.deepEqual(await attempts(t, "bios", 4), [trial, trial, fallback, fallback]);
});

test("so does GRUB for UEFI", async (t) => {
  // The firmware's console is on the same line: everything comes twice.
  const kinds = (await attempts(t, "uefi", 3)).map((words) => /trial|fallback/.exec(words)?.[0]);
  assert.deepEqual(kinds, ["trial", "trial", "fallback"]);
});
