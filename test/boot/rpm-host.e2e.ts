// SPDX-License-Identifier: Apache-2.0
/**
 * The life of a host of RPM packages: a distribution is made of Debian's, two releases of it are composed, the first boots,
 * upgrades to the second and rolls back. In this order: tests go on where the one before left the machine.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { lintCommit } from "../../src/compose/index.ts";
import type { Machine } from "../../src/image/index.ts";
import type { RunningServer } from "../../src/ostree/index.ts";
import { makeDistribution } from "../distribution/make-distribution.ts";
import { deployments, type Fixture, makeFixture, publish, serve, start } from "./fixture.ts";

let fixture: Fixture;
let machine: Machine;
let server: RunningServer;

/** Not that of the boot tests, which may run at the same time. */
const port = 8431;

/** The second release has one package in a newer build and one more package. */
async function treefiles(directory: string): Promise<readonly [string, string]> {
  const first = await makeDistribution(join(directory, "first"), { size: "host" });
  const second = await makeDistribution(join(directory, "second"), {
    size: "host",
    packages: ["tree"],
    rebuilt: ["less"],
  });
  const next = join(second.directory, "next.yaml");
  writeFileSync(next, "include: host.yaml\npackages: [tree]\n");
  return [first.treefile, next];
}

before(async () => {
  fixture = await makeFixture(treefiles, port);
  server = await serve(fixture.repo.path, port);
  machine = await start({ disk: fixture.disk, unsafe: true });
});
after(async () => {
  await machine?.stop();
  await server?.close();
  fixture?.[Symbol.dispose]();
});

async function output(script: string): Promise<string> {
  return (await machine.run(script, { timeoutSeconds: 300 })).output.trim();
}

test("no lint finds a fault in the first release", () => {
  const { findings } = lintCommit(fixture.repo, fixture.first.commit ?? "");
  assert.deepEqual(
    findings.filter(({ severity }) => severity !== "info"),
    [],
  );
});

test("the first release boots to multi-user, and no unit has failed", async () => {
  const state = await machine.waitForBoot(900);
  assert.equal(state, "running", await output("systemctl --failed --no-pager"));
  assert.equal(await output("systemctl is-active multi-user.target ssh.service"), "active\nactive");
  const [only] = await deployments(machine);
  assert.equal(only?.checksum, fixture.first.commit);
});

test("rpm reads the release's database in the running system", async () => {
  assert.match(await output("rpm -q podman systemd"), /^podman-\d.*\.x86_64\nsystemd-\d.*\.x86_64$/);
  assert.ok(Number(await output("rpm -qa | wc -l")) > 200);
  assert.match(await output("rpm -V --nomtime bash coreutils podman; echo done"), /^done$/);
});

test("files have the labels of the release's SELinux policy", async () => {
  const label = async (path: string) => (await output(`stat -c %C ${path}`)).split(":")[2];
  assert.equal(await label("/etc/shadow"), "shadow_t");
  assert.equal(await label("/usr/bin/podman"), "podman_exec_t");
});

test("an upgrade brings the second release at the next boot", async () => {
  publish(fixture, fixture.second);
  await machine.run("atomic host upgrade", { timeoutSeconds: 900 });
  assert.equal(await machine.reboot(900), "running", await output("systemctl --failed --no-pager"));
  const [now, before] = await deployments(machine);
  assert.equal(now?.checksum, fixture.second.commit);
  assert.equal(before?.checksum, fixture.first.commit);
  assert.match(await output("rpm -q less tree"), /^less-.*\+again1\.x86_64\ntree-\d/);
});

test("a rollback brings the first release back", async () => {
  await machine.run("atomic host rollback");
  assert.equal(await machine.reboot(900), "running", await output("systemctl --failed --no-pager"));
  assert.equal((await deployments(machine))[0]?.checksum, fixture.first.commit);
  assert.match(await output("rpm -q tree || :"), /not installed/);
});
