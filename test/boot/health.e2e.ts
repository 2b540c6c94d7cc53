// SPDX-License-Identifier: Apache-2.0
/**
 * Releases that do not come up: the machine goes back to the one before by itself, remembers the bad one and does not try
 * it again. In this order: tests go on where the one before left the machine.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { run } from "../../src/base/index.ts";
import type { Machine } from "../../src/image/index.ts";
import type { RunningServer } from "../../src/ostree/index.ts";
import { type Fault, makeBadRelease } from "./bad-release.ts";
import { deployments, type Fixture, journal, makeFixture, publish, serve, start } from "./fixture.ts";

let fixture: Fixture;
let machine: Machine;
let server: RunningServer;

/** Not that of the other boot tests, which may run at the same time. */
const port = 8432;

before(async () => {
  fixture = await makeFixture(undefined, port);
  server = await serve(fixture.repo.path, port);
  const overlay = join(fixture.directory, "overlay.qcow2");
  await run("qemu-img", ["create", "-q", "-f", "qcow2", "-b", fixture.disk, "-F", "raw", overlay]);
  machine = await start({ disk: overlay, unsafe: true });
  assert.equal(await machine.waitForBoot(1200), "running");
});

after(async () => {
  await machine?.stop();
  await server?.close();
  fixture?.[Symbol.dispose]();
});

async function output(script: string, accept = [0]): Promise<string> {
  return (await machine.run(script, { timeoutSeconds: 1200, accept })).output.trim();
}

interface Health {
  readonly trial?: { readonly left: number };
  readonly failed: readonly { readonly version: string; readonly reason: string }[];
}

async function health(): Promise<Health> {
  const status = JSON.parse(await output("atomic host status --json")) as { health?: Health };
  return status.health ?? { failed: [] };
}

/** Writes a setting of the repository, which is read-only but for programs that know what they do. */
async function setTries(tries: number): Promise<void> {
  const set = `atomic ostree config set --repo=/sysroot/ostree/repo sysroot.boot-tries ${tries}`;
  await output(`unshare -m sh -ec 'mount -o remount,rw /sysroot; ${set}'`);
}

/** Upgrades to a bad release and waits until the first one is back. */
async function fallOver(fault: Fault, tries: number): Promise<void> {
  const bad = await makeBadRelease(fixture, fault);
  await setTries(tries);
  publish(fixture, bad);
  await output("atomic host upgrade");
  assert.equal((await deployments(machine))[0]?.version, bad.version);
  await output("systemctl reboot");
  // The machine starts several times meanwhile; this is said at the end of the first release's boot.
  await machine.waitForConsole(new RegExp(`${bad.version} was rolled back`), 2400);
  machine.forgetConsole();
  assert.equal(await machine.waitForBoot(1200), "running", await output("systemctl --failed --no-pager"));
  const [now, other] = await deployments(machine);
  assert.equal(now?.checksum, fixture.first.commit);
  assert.equal(now?.booted, true);
  assert.equal(other?.checksum, bad.commit);
}

/** The bad release is known as such, and is not tried again. */
async function isRemembered(version: string, reason: RegExp): Promise<void> {
  const { trial, failed } = await health();
  assert.equal(trial, undefined);
  assert.equal(failed[0]?.version, version);
  assert.match(failed[0]!.reason, reason);
  assert.match(await output("atomic host status"), new RegExp(`Rolled back on .*: ${version}, `));
  assert.match(await output(journal("-b -u atomic-boot-passed.service")), new RegExp(`${version} was rolled back`));
  assert.match(
    await output("atomic host upgrade 2>&1", [1]),
    new RegExp(`error\\[host-failed-before\\]: ${version} was tried`),
  );
}

test("a release whose health check fails is tried twice, then the one before is back", async () => {
  await fallOver("health check", 2);
  await isRemembered("13.9-health-check", /failed health checks: 10-service \(.*the service does not answer/);
});

test("a release whose kernel panics", async () => {
  await fallOver("panic", 1);
  await isRemembered("13.9-panic", /it did not come up/);
});

test("a release that hangs", async () => {
  await fallOver("hang", 1);
  await isRemembered("13.9-hang", /it did not come up/);
});

test("a newer release that is good is accepted, and what was allowed again may be tried", async () => {
  publish(fixture, fixture.second);
  await output("atomic host upgrade");
  assert.equal(await machine.reboot(1200), "running");
  assert.equal((await deployments(machine))[0]?.version, fixture.second.version);
  const { trial, failed } = await health();
  assert.equal(trial, undefined);
  assert.equal(failed.length, 3);
  await output("atomic host health allow 13.9-hang 13.9-panic");
  assert.deepEqual(
    (await health()).failed.map(({ version }) => version),
    ["13.9-health-check"],
  );
});
