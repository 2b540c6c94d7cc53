// SPDX-License-Identifier: Apache-2.0
// A machine that upgrades, boots and is judged, with its boot loader played by GRUB's own grub-editenv. Needs root.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import {
  deploy,
  hostError,
  readTrial,
  runChecks,
  settleBoot,
  status,
  Sysroot,
  troubleOf,
  upgrade,
} from "../../src/host/index.ts";
import { bootInto, commitTree, newSysroot, ref, scratch } from "./fixture.ts";

const unit = { "usr/lib/systemd/system/atomic-boot-passed.service": "[Unit]" };
const startFinalizer = async () => {};

/** Runs 13.1; 13.2 is the default. */
async function machineOnTrial(t: TestContext) {
  const { root, path, repo } = newSysroot(t);
  await deploy(Sysroot.open(path), { rev: ref, stateroot: "debian", origin: ref });
  commitTree(repo, root, { version: "13.2", files: unit });
  await deploy(bootInto(root, path), { rev: ref, stage: false });
  const block = join(path, "boot/grubenv");
  const left = () =>
    /atomic_left_[01]=(\d)/.exec(execFileSync("grub-editenv", [block, "list"], { encoding: "utf8" }))?.[1];
  const setLeft = (count: number) => {
    const name = /atomic_left_[01]/.exec(execFileSync("grub-editenv", [block, "list"], { encoding: "utf8" }))![0];
    execFileSync("grub-editenv", [block, "set", `${name}=${count}`]);
  };
  const versions = () => status(Sysroot.open(path)).deployments.map(({ version }) => version);
  return { root, path, repo, left, setLeft, versions };
}

test("a new default is on trial, and a good boot ends that", async (t) => {
  const { root, path, left, versions } = await machineOnTrial(t);
  assert.equal(left(), "3");
  assert.match(readFileSync(join(path, "boot/loader/grub.cfg"), "utf8"), /save_env -f \/boot\/grubenv atomic_left_/);
  const running = bootInto(root, path, 0);
  assert.equal(readTrial(running)?.left, 3);
  await assert.rejects(upgrade(running, { startFinalizer }), (error) => hostError.is(error, "on-trial"));
  assert.equal((await settleBoot(running, undefined, "rw atomic.trial")).verdict, "accept");
  assert.equal(left(), undefined);
  assert.equal((await settleBoot(running, undefined, "rw")).verdict, "nothing");
  assert.deepEqual(versions(), ["13.2", "13.1"]);
});

test("a version that is not healthy is tried again, then rolled back, remembered and passed over", async (t) => {
  const { root, path, repo, setLeft, versions } = await machineOnTrial(t);
  setLeft(0);
  const bad = await settleBoot(bootInto(root, path, 0), "failed health checks: web", "rw atomic.trial");
  assert.deepEqual([bad.verdict, bad.reboot], ["retry", true]);
  const back = bootInto(root, path, 1);
  const settled = await settleBoot(back, undefined, "rw atomic.fallback");
  assert.deepEqual([settled.verdict, settled.reboot, settled.version], ["demote", false, "13.2"]);
  assert.equal(settled.failed?.reason, "failed health checks: web");
  assert.deepEqual(versions(), ["13.1", "13.2"]);
  assert.equal(readTrial(Sysroot.open(path)), undefined);
  assert.equal(status(Sysroot.open(path)).health?.failed[0]?.version, "13.2");
  const again = upgrade(bootInto(root, path, 0), { startFinalizer });
  await assert.rejects(again, (error) => hostError.is(error, "failed-before"));
  commitTree(repo, root, { version: "13.3", files: unit });
  assert.equal((await upgrade(bootInto(root, path, 0), { startFinalizer })).changed, true);
});

test("where the boot loader does not count, a version that is not healthy is replaced at once", async (t) => {
  const { root, path, versions } = await machineOnTrial(t);
  const settled = await settleBoot(bootInto(root, path, 0), "trouble", "rw");
  assert.deepEqual([settled.verdict, settled.reboot], ["replace", true]);
  assert.deepEqual(versions(), ["13.1", "13.2"]);
});

test("checks of greenboot count, those in /etc hide others of their name, wanted ones are only told", async (t) => {
  const root = scratch(t);
  const check = (path: string, script: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `#!/bin/sh\n${script}\n`);
    chmodSync(join(root, path), 0o755);
  };
  check("usr/lib/atomic/health/required.d/10-a", "exit 1");
  check("etc/atomic/health/required.d/10-a", "exit 0");
  check("etc/greenboot/check/required.d/20-b.sh", "exit 0");
  check("usr/lib/greenboot/check/wanted.d/30-c", "echo no >&2; exit 3");
  check("usr/lib/greenboot/check/required.d/40-off", "exit 1");
  check("etc/greenboot/greenboot.conf", 'DISABLED_HEALTHCHECKS=("40-off")');
  const report = await runChecks(root);
  assert.equal(report.healthy, true);
  assert.deepEqual(
    report.checks.map(({ name, kind, problem }) => [name, kind, problem === undefined]),
    [
      ["10-a", "required", true],
      ["20-b.sh", "required", true],
      ["30-c", "wanted", false],
    ],
  );
  check("etc/atomic/health/required.d/50-d", "echo it is broken >&2; exit 1");
  assert.match(troubleOf(await runChecks(root)) ?? "", /^failed health checks: 50-d \(.*it is broken\)$/);
});
