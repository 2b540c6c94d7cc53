// SPDX-License-Identifier: Apache-2.0
// The commands on a machine as ostree-prepare-root leaves it: / is the deployment, /sysroot is read-only, /boot is a
// second mount of /sysroot/boot. Needs root and bubblewrap, which makes those mounts.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { deploy, Sysroot } from "../../src/host/index.ts";
import { commitTree, newSysroot, ref, type TreeOptions } from "./fixture.ts";

const checkout = join(import.meta.dirname, "../..");

/** Directories that a root must have for bubblewrap to mount on: the deployment's root is immutable. */
const mountPoints = ["tmp/x", "opt/x", "usr/lib64/x"];
const withMountPoints = (options: TreeOptions): TreeOptions => ({
  ...options,
  files: { ...options.files, ...Object.fromEntries(mountPoints.map((path) => [path, ""])) },
});

async function runningHost(t: TestContext) {
  const made = newSysroot(t, withMountPoints({ version: "13.1" }));
  await deploy(made.sysroot, { rev: ref, stateroot: "debian", kernelArgs: ["rw"], origin: ref });
  const run = join(made.root, "run");
  mkdirSync(run);
  writeFileSync(join(run, "ostree-booted"), "");
  return { ...made, run };
}

/** Runs `atomic ARGS` inside; the program and its libraries are the ones of this machine. */
function atomic(path: string, run: string, booted: string, ...args: string[]) {
  const node = dirname(dirname(process.execPath));
  const mounts = [
    ["--bind", booted, "/"],
    ["--ro-bind", "/usr", "/usr"],
    ["--ro-bind", path, "/sysroot"],
    ["--ro-bind", join(path, "boot"), "/boot"],
    ["--bind", run, "/run"],
    ["--dev", "/dev"],
    ["--proc", "/proc"],
    ["--tmpfs", "/tmp"],
    ["--tmpfs", "/opt"],
    ["--ro-bind", checkout, "/opt/atomic"],
    ["--ro-bind", node, "/opt/node"],
  ];
  const program = ["/opt/node/bin/node", ...process.execArgv, "/opt/atomic/src/cli/atomic.ts"];
  const result = spawnSync(
    "bwrap",
    [...mounts.flat(), "--clearenv", "--setenv", "PATH", "/usr/bin", "--die-with-parent", ...program, "host", ...args],
    {
      encoding: "utf8",
    },
  );
  return { code: result.status, out: result.stdout, err: result.stderr };
}

test("status, deploy, rollback and clean-up on a running host whose /sysroot is read-only", async (t) => {
  const { path, root, run, repo } = await runningHost(t);
  const booted = Sysroot.open(path).directory(Sysroot.open(path).deployments[0]!);
  const host = (...args: string[]) => atomic(path, run, booted, ...args);

  const status = host("status");
  assert.equal(status.err, "");
  assert.match(status.out, /\* debian\/13\/x86_64\/container-host {2}booted/);

  commitTree(repo, root, withMountPoints({ version: "13.2", kernel: "new" }));
  const deployed = host("deploy", "--no-stage", "--quiet", ref);
  assert.equal(deployed.err, "");
  assert.match(deployed.out, /13\.2 .* boots next/);
  const [next] = Sysroot.open(path).deployments;
  const kernel = join(path, "boot/ostree", `debian-${next!.bootChecksum}`, "vmlinuz-6.12.1");
  assert.ok(statSync(kernel).nlink > 1, "the kernel is a hard link: both were reached through /sysroot");

  assert.match(host("status", "--json").out, /"booted": true/);
  assert.equal(host("status", "--pending-exit-77").code, 77);
  assert.match(host("rollback").out, /Next boot: 13\.1/);
  assert.match(host("cleanup", "--rollback", "--quiet").out, /Removed deployment debian/);
  assert.equal(Sysroot.open(path).deployments.length, 1);
});
