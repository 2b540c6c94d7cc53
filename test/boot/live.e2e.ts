// SPDX-License-Identifier: Apache-2.0
/**
 * What changes a running host under a real systemd: an update applied without a reboot, and taken back; an initramfs made on
 * the host. In this order: tests go on where the one before left the machine.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Machine } from "../../src/image/index.ts";
import type { RunningServer } from "../../src/ostree/index.ts";
import { deployments, type Fixture, journal, makeFixture, publish, type Release, serve, start } from "./fixture.ts";
import { overlayRelease } from "./overlay-release.ts";

let fixture: Fixture;
let machine: Machine;
let server: RunningServer;
/** The second release, which has the package tree, with a service that runs it. */
let release: Release;

/** Not that of the other boot tests, which may run at the same time. */
const port = 8441;

const files = {
  "usr/lib/systemd/system/live.service":
    "[Service]\nType=oneshot\nUser=live\nProtectSystem=strict\nPrivateTmp=yes\nExecStart=/usr/bin/tree --version\n",
  "usr/lib/sysusers.d/live.conf": 'u live - "Live"\n',
  "usr/lib/tmpfiles.d/live.conf": "d /var/lib/live 0750 live live\n",
  "usr/etc/live/default.conf": "default\n",
  "usr/etc/live/own.conf": "default\n",
};

before(async () => {
  fixture = await makeFixture(undefined, port);
  release = await overlayRelease(fixture.repo, fixture.second, "13.9-live", files);
  server = await serve(fixture.repo.path, port);
  machine = await start({ disk: fixture.disk, snapshot: true, unsafe: true });
  assert.equal(await machine.waitForBoot(1200), "running", await output("systemctl --failed --no-pager"));
});

after(async () => {
  await machine?.stop();
  await server?.close();
  fixture?.[Symbol.dispose]();
});

async function output(script: string, accept: readonly number[] = [0]): Promise<string> {
  return (await machine.run(script, { timeoutSeconds: 3600, accept })).output.trim();
}

interface LiveDeployment {
  readonly unlocked: string;
  readonly "live-replaced"?: string;
}

const status = async () => (await deployments(machine)) as unknown as LiveDeployment[];
const usrFileSystem = () => output("stat -f -c %T /usr");

/** A package's program runs for users and for services, new ones and those that were running before. */
async function isLive(): Promise<void> {
  assert.match(await output("tree --version"), /^tree v/);
  await output(`systemctl start live.service || { ${journal("-u live.service")}; exit 1; }`);
  assert.match(await output(journal("-u live.service")), /^tree v/m);
  await output("nsenter -m -t $(systemctl show -P MainPID systemd-resolved.service) test -x /usr/bin/tree");
  assert.match(await output("stat -c '%U %a' /var/lib/live"), /^live 750$/);
}

/** Of an update that is not there, or not any more. */
async function isNotLive(): Promise<void> {
  assert.match(await output("tree --version 2>&1", [127]), /not found/);
  assert.match(await output("systemctl start live.service 2>&1", [5]), /live\.service not found/);
  await output("nsenter -m -t $(systemctl show -P MainPID systemd-resolved.service) test -x /usr/bin/tree", [1]);
}

test("an update that adds packages works without a reboot, for services too", async () => {
  await isNotLive();
  await output("mkdir /etc/live; echo mine >/etc/live/own.conf");
  publish(fixture, release);
  await output("atomic host upgrade");
  const told = JSON.parse(await output("atomic host apply-live --json --quiet")) as {
    packages: { added: { name: string }[] };
    etc: { kept: string[] };
    problems: string[];
  };
  assert.deepEqual(
    [told.packages.added.map(({ name }) => name), told.etc.kept, told.problems],
    [["tree"], ["live/own.conf"], []],
  );
  await isLive();
  assert.equal(await output("cat /etc/live/default.conf /etc/live/own.conf"), "default\nmine");
  assert.equal(await usrFileSystem(), "overlayfs");
  assert.match(await output("touch /usr/x 2>&1", [1]), /Read-only file system/);
  assert.equal(await output("systemctl is-system-running"), "running");
});

test("the status tells what is live", async () => {
  const [next, now] = await status();
  assert.equal(next?.["live-replaced"], undefined);
  assert.deepEqual([now?.["live-replaced"], now?.unlocked], [release.commit, "transient"]);
  const text = await output("atomic host status | cat");
  assert.match(text, new RegExp(`LiveCommit: ${release.commit}\n +LiveDiff: 1 added\n`));
});

test("a reset takes it back", async () => {
  await output("atomic host apply-live --reset");
  await isNotLive();
  assert.equal((await status())[1]?.["live-replaced"], fixture.first.commit);
});

test("a reboot starts the version itself; the overlay and what was noted of it are gone", async () => {
  assert.equal(await machine.reboot(1200), "running", await output("systemctl --failed --no-pager"));
  const [now] = await deployments(machine);
  assert.deepEqual([now?.checksum, now?.booted], [release.commit, true]);
  assert.deepEqual([(await status())[0]?.unlocked, await usrFileSystem()], ["none", "ext2/ext3"]);
  await isLive();
  assert.equal(await output("cat /etc/live/default.conf /etc/live/own.conf"), "default\nmine");
  await output("atomic host cleanup --rollback");
  assert.doesNotMatch(await output("atomic ostree refs"), /live/);
  assert.equal(await output("find /sysroot/ostree/deploy -path '*/backing/*' -name usr-transient"), "");
});

/** A unit that tells in which initramfs it was. */
const madeHere =
  "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo yes >/run/made-here'\n";

test("an initramfs made on the host has the host's files, and boots", async () => {
  await output(`mkdir -p /etc/live/initrd/initrd.target.wants && cd /etc/live/initrd &&
    printf "%s" "${madeHere}" >made-here.service && ln -s ../made-here.service initrd.target.wants`);
  const words = ["--include", "/etc/live/initrd", "/usr/lib/systemd/system", "--compress", "zstd -1"];
  await output(`atomic host initramfs --enable ${words.map((word) => `--arg='${word}'`).join(" ")}`);
  assert.equal(await machine.reboot(1200), "running", await output("systemctl --failed --no-pager"));
  assert.equal(await output("cat /run/made-here"), "yes");
  const [now] = await deployments(machine);
  const { "regenerate-initramfs": regenerate, "initramfs-args": given } = now as unknown as Record<string, unknown>;
  assert.deepEqual([regenerate, given, now?.booted], [true, words, true]);
});

test("without it the version's own boots again", async () => {
  await output("atomic host initramfs --disable");
  assert.equal(await machine.reboot(1200), "running", await output("systemctl --failed --no-pager"));
  await output("test ! -e /run/made-here");
});
