// SPDX-License-Identifier: Apache-2.0
/**
 * What runs in the machine whose power is cut: looks at what the cut has left, then upgrades and rolls back until the next
 * one. Lines that begin with `@@` are for `power-cuts.ts`. Before the disk is there it has done a round in memory, so that
 * its code is compiled in the state that every life begins with.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { existsSync, readFileSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { cleanup, commitVersion, rollback, status, Sysroot, upgrade } from "../../src/host/index.ts";
import { whatBoots } from "./what-boots.ts";
import { diskView } from "./tree-view.ts";

/** A copy in memory, then the disk's. */
let path = "/tmp/disk/sysroot";
const refspec = "site:debian/13/x86_64/container-host";

const say = (text: string): void => void writeSync(1, `@@ ${text}\n`);
const open = (): Sysroot => Sysroot.open(path);
const boots = (): string | undefined => whatBoots(diskView(path), true);

function versions(sysroot: Sysroot): (string | undefined)[] {
  return sysroot.deployments.map(({ checksum }) => commitVersion(sysroot.repo, checksum));
}

/** Old or new, and nothing half; stock ostree finds every object whole. */
function look(): void {
  const version = boots();
  assert.ok(version === "13.1" || version === "13.2", `${version} boots`);
  assert.ok(status(open()).deployments.length > 0);
  execFileSync("/bin/ostree", ["fsck", "--quiet", `--repo=${path}/ostree/repo`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  say(`boots ${version}`);
}

async function round(): Promise<void> {
  say("step upgrade");
  if (versions(open())[0] !== "13.2") await upgrade(open());
  assert.equal(boots(), "13.2");
  say("step rollback");
  await rollback(open());
  assert.equal(boots(), "13.1");
  say("step cleanup");
  const sysroot = open();
  // So that the clean-up removes the objects of the other release, and the next upgrade downloads them.
  sysroot.repo.setRef(refspec, sysroot.deployments[0]!.checksum);
  await cleanup(sysroot, { rollback: true });
  assert.deepEqual([boots(), versions(open())], ["13.1", ["13.1"]]);
}

/** @returns the number of this life, which the disk is mounted for */
async function diskMounted(): Promise<number> {
  while (!existsSync("/run/life")) await sleep(20);
  return Number(readFileSync("/run/life", "utf8"));
}

async function main(): Promise<void> {
  look();
  await round();
  say("warm");
  // Every life would else have the same temporary names.
  randomFillSync(Buffer.alloc(16 * (await diskMounted())));
  path = "/disk/sysroot";
  look();
  await round();
  say("whole");
  for (;;) {
    await round();
    say("round");
  }
}

main().catch((error: unknown) => {
  say(`failed: ${(error instanceof Error ? (error.stack ?? error.message) : String(error)).replaceAll("\n", " | ")}`);
  process.exitCode = 1;
});
