// SPDX-License-Identifier: Apache-2.0
/**
 * A host of Debian forky, whose ostree-prepare-root mounts the root by composefs: from our image of the deployment, without
 * fs-verity, then with it, then only when the release's key has signed it. In this order: tests go on where the one before
 * left the machine.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Machine } from "../../src/image/index.ts";
import { keySigner, type RunningServer, signCommit } from "../../src/ostree/index.ts";
import { makeKey } from "../system/key.ts";
import {
  composeRelease,
  deployments,
  type Fixture,
  journal,
  makeFixture,
  publish,
  type Release,
  serve,
  start,
} from "./fixture.ts";

let fixture: Fixture;
let machine: Machine;
let server: RunningServer;

/** Not that of the other boot tests, which may run at the same time. */
const port = 8433;

const examples = join(import.meta.dirname, "../../examples");

const key = makeKey();

const configure = (enabled: string) => `  - |
    #!/bin/sh -e
    mkdir -p /usr/lib/ostree
    printf '[composefs]\\nenabled = ${enabled}\\n[sysroot]\\nreadonly = true\\n' >/usr/lib/ostree/prepare-root.conf
`;

/** The example's module is for the policy of trixie. */
const permissive = `  - |
    #!/bin/sh -e
    sed -i 's/^SELINUX=.*/SELINUX=permissive/' /etc/selinux/config
`;

/** The example host of forky; the second release must have its root verified, those after it signed as well. */
function treefiles(directory: string): Promise<readonly [string, string]> {
  const example = readFileSync(join(examples, "debian-container-host.yaml"), "utf8");
  const forky = example
    .replaceAll("../system", join(examples, "../system"))
    .replaceAll("trixie", "forky")
    .replaceAll(/^( +)(components: .*)$/gm, "$1$2\n$1check-valid-until: false")
    .replace("less zstd", "less zstd composefs");
  const [first, second] = [join(directory, "first.yaml"), join(directory, "second.yaml")];
  writeFileSync(first, forky + permissive + configure("yes"));
  writeFileSync(second, `include: first.yaml\npostprocess:\n${configure("verity")}`);
  return Promise.resolve([first, second]);
}

/** A release whose initramfs has the key. @param packages what it has more, which makes it another one */
async function composeSigned(name: string, packages: string): Promise<Release> {
  const { directory, repo } = fixture;
  await treefiles(directory);
  writeFileSync(join(directory, "root.key"), `${key.text}\n`);
  const added = [
    ["root.key", "/etc/ostree/initramfs-root-binding.key"],
    [join(examples, "../system/dracut/99atomic-signed-root"), "/usr/lib/dracut/modules.d/99atomic-signed-root"],
  ];
  const lines = [
    "include: first.yaml",
    `packages: [openssl, fsverity${packages}]`,
    `add-files: ${JSON.stringify(added)}`,
    `postprocess:\n${configure("signed")}`,
  ];
  writeFileSync(join(directory, name), lines.join("\n"));
  return composeRelease(repo, join(directory, name));
}

before(async () => {
  fixture = await makeFixture(treefiles, port);
  server = await serve(fixture.repo.path, port);
  machine = await start({ disk: fixture.disk, snapshot: true, unsafe: true });
});
after(async () => {
  await machine?.stop();
  await server?.close();
  fixture?.[Symbol.dispose]();
});

async function output(script: string): Promise<string> {
  return (await machine.run(script, { timeoutSeconds: 900 })).output.trim();
}

test("the root is mounted by composefs, and no unit has failed", async () => {
  assert.equal(await machine.waitForBoot(900), "running", await output("systemctl --failed --no-pager"));
  assert.equal(await output("findmnt -n -o SOURCE /"), "composefs");
});

test("unlock makes /usr writable until the next boot", async () => {
  await output("atomic ostree admin unlock && touch /usr/unlocked");
  assert.match(await output("ostree admin status"), /Unlocked: development/);
});

test("a soft reboot starts another deployment under the running kernel", async () => {
  const boot = await output("cat /proc/sys/kernel/random/boot_id");
  await output(`atomic ostree admin deploy debian:${fixture.ref}`);
  await output("atomic ostree admin prepare-soft-reboot 0");
  assert.match(await output("ostree admin status"), /\(soft-reboot\)/);
  assert.equal(await machine.softReboot(900), "running", await output("systemctl --failed --no-pager"));
  assert.equal(await output("cat /proc/sys/kernel/random/boot_id"), boot);
  assert.equal(await output("systemctl show -P SoftRebootsCount"), "1");
  assert.match(await output("ostree admin status"), new RegExp(`^\\* debian ${fixture.first.commit}\\.1$`, "m"));
  assert.equal(await output("ls /usr/unlocked 2>/dev/null || echo gone"), "gone");
});

test("with fs-verity on every object a root is booted that must have it", async () => {
  await output("atomic ostree admin post-copy");
  publish(fixture, fixture.second);
  await output("atomic host upgrade");
  assert.equal(await machine.reboot(900), "running", await output("systemctl --failed --no-pager"));
  const [now] = await deployments(machine);
  assert.equal(now?.checksum, fixture.second.commit);
  assert.match(await output("grep ' / ' /proc/mounts"), /verity=require/);
});

test("the files of both releases cannot be changed", async () => {
  const script = "find /ostree/repo/objects -name '*.file' -type f -print0 | xargs -0 lsattr -l";
  const lines = (await output(script)).split("\n");
  assert.ok(lines.length > 5000, `${lines.length} objects`);
  assert.deepEqual(
    lines.filter((line) => !/\bVerity\b/.test(line)),
    [],
  );
});

test("a release that wants its root signed is refused as long as it is not", async () => {
  const release = await composeSigned("third.yaml", "");
  publish(fixture, release);
  const { output: said } = await machine.run("atomic host upgrade 2>&1", { accept: [1], timeoutSeconds: 900 });
  assert.match(said, /error\[host-unsigned-root\]: commit \w+ would not boot: .*no signatures/);
  await signCommit(fixture.repo, release.commit, keySigner("ed25519", key.secret));
  await output("atomic host upgrade");
  assert.equal(await machine.reboot(900), "running", await output("systemctl --failed --no-pager"));
  assert.equal((await deployments(machine))[0]?.checksum, release.commit);
  assert.match(await output("grep ' / ' /proc/mounts"), /verity=require/);
  assert.match(await output(journal("-b -u atomic-verify-root.service")), /Finished .*signature of the system/);
});

test("a release whose image is not the one that was signed does not boot; the one before does", async () => {
  const release = await composeSigned("fourth.yaml", ", tree");
  await signCommit(fixture.repo, release.commit, keySigner("ed25519", key.secret));
  publish(fixture, release);
  await output(`unshare -m sh -ec 'mount -o remount,rw /sysroot
    atomic ostree config set --repo=/sysroot/ostree/repo sysroot.boot-tries 1'`);
  await output("atomic host upgrade");
  // Of another version, with fs-verity as well.
  const [third] = (await deployments(machine)).filter(({ booted }) => booted);
  await output(`unshare -m sh -ec 'mount -o remount,rw /sysroot
    cd /sysroot/ostree/deploy/debian/deploy
    cp ${third!.checksum}.0/.ostree.cfs other
    chattr -i ${release.commit}.0; mv -f other ${release.commit}.0/.ostree.cfs
    fsverity enable ${release.commit}.0/.ostree.cfs'`);
  await output("systemctl reboot");
  await machine.waitForConsole(/the image of commit \w+ is not the one that was signed/, 900);
  await machine.waitForConsole(new RegExp(`${release.version} was rolled back`), 1800);
  machine.forgetConsole();
  assert.equal(await machine.waitForBoot(900), "running", await output("systemctl --failed --no-pager"));
  assert.equal((await deployments(machine))[0]?.checksum, third!.checksum);
});
