// SPDX-License-Identifier: Apache-2.0
// The commands on a machine as ostree-prepare-root leaves it: / is the deployment, /sysroot is read-only, /boot is a
// second mount of /sysroot/boot. Needs root and bubblewrap, which makes those mounts.
import assert from "node:assert/strict";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { run } from "../../src/base/index.ts";
import { deploy, originFromRefspec, Sysroot, writeOrigin } from "../../src/host/index.ts";
import { serveDirectory } from "../../src/ostree/index.ts";
import { commitTree, newSysroot, ostree, ref, type TreeOptions } from "./fixture.ts";

const checkout = join(import.meta.dirname, "../..");

/** Directories that a root must have for bubblewrap to mount on: the deployment's root is immutable. */
const mountPoints = ["tmp/x", "opt/x", "usr/lib64/x"];
const withMountPoints = (options: TreeOptions): TreeOptions => ({
  ...options,
  files: { ...options.files, ...Object.fromEntries(mountPoints.map((path) => [path, ""])) },
});

async function runningHost(t: TestContext) {
  const made = newSysroot(t, withMountPoints({ version: "13.1" }));
  const { deployment } = await deploy(made.sysroot, { rev: ref, stateroot: "debian", kernelArgs: ["rw"], origin: ref });
  const runDirectory = join(made.root, "run");
  mkdirSync(runDirectory);
  writeFileSync(join(runDirectory, "ostree-booted"), "");
  const mounts = [
    ["--bind", made.sysroot.directory(deployment), "/"],
    // The program and its libraries are the ones of this machine.
    ["--ro-bind", "/usr", "/usr"],
    ["--ro-bind", made.path, "/sysroot"],
    ["--ro-bind", join(made.path, "boot"), "/boot"],
    ["--bind", runDirectory, "/run"],
    ["--dev", "/dev"],
    ["--proc", "/proc"],
    ["--tmpfs", "/tmp"],
    ["--tmpfs", "/opt"],
    ["--ro-bind", checkout, "/opt/atomic"],
    ["--ro-bind", dirname(dirname(process.execPath)), "/opt/node"],
    ["--clearenv", "--setenv", "PATH", "/usr/bin", "--die-with-parent"],
  ];
  const program = ["/opt/node/bin/node", ...process.execArgv, "/opt/atomic/src/cli/atomic.ts", "host"];
  const host = (...args: string[]) => run("bwrap", [...mounts.flat(), ...program, ...args], { accept: [0, 77] });
  return { ...made, deployment, host };
}

test("status, deploy, rollback and clean-up on a running host whose /sysroot is read-only", async (t) => {
  const { path, root, repo, host } = await runningHost(t);
  const status = await host("status");
  assert.equal(status.stderr, "");
  assert.match(status.stdout, /\* debian\/13\/x86_64\/container-host {2}booted/);

  commitTree(repo, root, withMountPoints({ version: "13.2", kernel: "new" }));
  const deployed = await host("deploy", "--no-stage", "--quiet", ref);
  assert.equal(deployed.stderr, "");
  assert.match(deployed.stdout, /13\.2 .* boots next/);
  const [next] = Sysroot.open(path).deployments;
  const kernel = join(path, "boot/ostree", `debian-${next!.bootChecksum}`, "vmlinuz-6.12.1");
  assert.ok(statSync(kernel).nlink > 1, "the kernel is a hard link: both were reached through /sysroot");

  const pending = await host("status", "--json", "--pending-exit-77");
  assert.match(pending.stdout, /"booted": true/);
  assert.equal(pending.code, 77);
  assert.match((await host("rollback")).stdout, /Next boot: 13\.1/);
  assert.match((await host("cleanup", "--rollback", "--quiet")).stdout, /Removed deployment debian/);
  assert.equal(Sysroot.open(path).deployments.length, 1);
});

test("an upgrade over HTTP on a running host: every thread of the program may write", async (t) => {
  const { path, root, repo, deployment, host } = await runningHost(t);
  const site = join(root, "site");
  ostree("init", `--repo=${site}`, "--mode=archive");
  ostree("pull-local", `--repo=${site}`, repo, ref);
  commitTree(site, root, withMountPoints({ version: "13.2", kernel: "new" }));
  const server = await serveDirectory(site);
  t.after(() => server.close());
  ostree("remote", "add", `--repo=${repo}`, "--no-gpg-verify", "site", server.url);
  writeOrigin(path, deployment, originFromRefspec(`site:${ref}`));

  const preview = await host("upgrade", "--preview", "--quiet");
  assert.match(preview.stdout, /^13\.1 → 13\.2 .*\n[^]*Nothing was changed/);
  const done = await host("upgrade", "--no-stage", "--quiet");
  assert.equal(done.stderr, "");
  assert.match(done.stdout, /13\.2 .* boots next/);
  assert.equal((await host("upgrade", "--check", "--quiet")).code, 77);
  ostree("fsck", "-q", `--repo=${repo}`);
});
