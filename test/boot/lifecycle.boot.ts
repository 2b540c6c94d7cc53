// SPDX-License-Identifier: Apache-2.0
/**
 * The life of a host, in one machine: boot, upgrade, reboot, roll back, reboot, and a container on it; then the same host
 * with the plug pulled at bad moments, and with UEFI. In this order: tests go on where the one before left the machine.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { makeDirectories, run } from "../../src/base/index.ts";
import { loginCredentials, type Machine } from "../../src/image/index.ts";
import type { RunningServer } from "../../src/ostree/index.ts";
import { deployments, type Fixture, makeBusyboxTar, makeFixture, publish, serve, start } from "./fixture.ts";

let fixture: Fixture;
let machine: Machine;
let server: RunningServer;
/** On top of the fixture's disk. */
let overlay: string;

before(async () => {
  fixture = await makeFixture();
  server = await serve(fixture.repo.path);
  overlay = join(fixture.directory, "overlay.qcow2");
  await run("qemu-img", ["create", "-q", "-f", "qcow2", "-b", fixture.disk, "-F", "raw", overlay]);
  machine = await start({ disk: overlay, unsafe: true });
});

after(async () => {
  await machine?.stop();
  await server?.close();
  fixture?.[Symbol.dispose]();
});

async function output(script: string, timeoutSeconds = 120): Promise<string> {
  return (await machine.run(script, { timeoutSeconds })).output.trim();
}

/** What the running tree says of itself. */
async function releaseVersion(): Promise<string> {
  return output(". /usr/lib/os-release; echo $OSTREE_VERSION");
}

test("the first release boots, and every service is up", async () => {
  const state = await machine.waitForBoot(600);
  assert.equal(state, "running", await output("systemctl --failed --no-pager"));
  const [only, ...others] = await deployments(machine);
  assert.deepEqual(others, []);
  assert.equal(only?.booted, true);
  assert.equal(only?.checksum, fixture.first.commit);
  assert.equal(only?.version, fixture.first.version);
  await machine.save("booted");
});

test("the system is read-only, its state is not", async () => {
  assert.match((await machine.run("touch /usr/x", { accept: [1] })).output, /Read-only file system/);
  assert.match((await machine.run("touch /x", { accept: [1] })).output, /Operation not permitted|Read-only/);
  assert.equal(await output("touch /etc/x /var/x && rm /etc/x /var/x && echo done"), "done");
  assert.match(await output("findmnt -n -o OPTIONS /sysroot"), /^ro,/);
});

test("files have the labels of the release's SELinux policy", async () => {
  const label = async (path: string) => (await output(`stat -c %C ${path}`)).split(":")[2];
  assert.equal(await label("/etc/shadow"), "shadow_t");
  assert.equal(await label("/usr/bin/podman"), "podman_exec_t");
  assert.equal(await label("/usr/lib/systemd/systemd"), "init_exec_t");
  assert.equal(await label("/boot"), "boot_t");
  assert.equal(await label("/sysroot"), "root_t");
  assert.equal(await label("/var"), "var_t");
});

test("an upgrade is staged and leaves the running system as it is", async () => {
  await machine.run("echo mine >/etc/atomic-local; echo changed >>/etc/host.conf");
  publish(fixture, fixture.second);
  await machine.run("atomic host upgrade", { timeoutSeconds: 600 });
  const [next, now] = await deployments(machine);
  assert.equal(next?.checksum, fixture.second.commit);
  assert.equal(next?.staged, true);
  assert.equal(now?.booted, true);
  assert.equal(await releaseVersion(), fixture.first.version);
});

test("after a reboot the second release runs, with the changes made to /etc", async () => {
  assert.equal(await machine.reboot(600), "running");
  const [now, before] = await deployments(machine);
  assert.equal(now?.booted, true);
  assert.equal(now?.version, fixture.second.version);
  assert.equal(before?.version, fixture.first.version);
  assert.equal(await releaseVersion(), fixture.second.version);
  assert.equal(await output("cat /etc/atomic-local; tail -1 /etc/host.conf"), "mine\nchanged");
  assert.match(await output("dpkg -l podman | tail -1"), /^ii +podman /);
});

test("a container runs", async () => {
  const files = join(fixture.directory, "files");
  makeDirectories(files);
  await makeBusyboxTar(join(files, "busybox.tar"));
  const { serveDirectory } = await import("../../src/ostree/index.ts");
  await using files8422 = await serveDirectory(files);
  await output(`podman import http://10.0.2.2:${files8422.port}/busybox.tar localhost/busybox`, 300);
  const command = "podman run --rm --network=none localhost/busybox /bin/busybox uname -s";
  assert.equal(await output(command, 300), "Linux");
});

test("a rollback brings the first release back at the next boot", async () => {
  await machine.run("atomic host rollback");
  assert.equal(await machine.reboot(600), "running");
  const [now, other] = await deployments(machine);
  assert.equal(now?.booted, true);
  assert.equal(now?.version, fixture.first.version);
  assert.equal(other?.version, fixture.second.version);
  assert.equal(await output("cat /etc/atomic-local"), "mine");
  assert.match(await output("podman images -q"), /^[0-9a-f]{12}$/m);
});

test("power cut in the middle of an upgrade: the first release boots, and upgrades", async () => {
  await machine.stop();
  machine = await start({ disk: overlay, unsafe: true, restore: "booted" });
  machine.run("atomic host upgrade", { timeoutSeconds: 600 }).catch(() => {});
  await sleep(15_000);
  await machine.cutPower();

  machine = await start({ disk: overlay, unsafe: true });
  assert.equal(await machine.waitForBoot(600), "running");
  assert.equal(await releaseVersion(), fixture.first.version);
  await machine.run("atomic host upgrade", { timeoutSeconds: 600 });
  assert.equal((await deployments(machine))[0]?.version, fixture.second.version);
});

test("power cut while the shutdown finalizes the upgrade: one of the releases boots, whole", async () => {
  await machine.run("systemctl reboot");
  await sleep(4000);
  await machine.cutPower();

  machine = await start({ disk: overlay, unsafe: true });
  assert.equal(await machine.waitForBoot(600), "running");
  const booted = (await deployments(machine)).find((deployment) => deployment.booted);
  assert.equal(await releaseVersion(), booted?.version);
  assert.equal(await output("atomic ostree refs --repo=/sysroot/ostree/repo >/dev/null && echo read"), "read");
});

test("the disk boots with UEFI too, and root is logged in when the credentials for it are given", async () => {
  await machine.stop();
  machine = await start({ disk: fixture.disk, snapshot: true, firmware: "uefi", credentials: loginCredentials });
  assert.equal(await machine.waitForBoot(600), "running");
  assert.equal(await output("test -d /sys/firmware/efi && echo uefi"), "uefi");
  assert.equal(await releaseVersion(), fixture.first.version);
  await machine.waitForConsole(/automatic login/);
  // login(1) throws away what was typed before the shell asks.
  await machine.waitForConsole(/root@[^\n]*# /);
  machine.type("echo $(id -un) was here\n");
  await machine.waitForConsole(/^root was here/m);
});
