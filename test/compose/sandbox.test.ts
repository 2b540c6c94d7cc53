// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import {
  chmodSync,
  cpSync,
  readdirSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, before, test } from "node:test";
import { unlessErrno } from "../../src/base/index.ts";
import { makeWorkspace, runInTree, type Workspace } from "../../src/compose/sandbox.ts";

let scratch: string;
let workspace: Workspace;
before(() => {
  scratch = mkdtempSync(join(tmpdir(), "sandbox-"));
  workspace = makeWorkspace(join(scratch, "work"));
  for (const name of ["bin", "dev", "proc", "run", "sys", "tmp", "var/tmp", "etc", "mnt"]) {
    mkdirSync(join(workspace.lower, name), { recursive: true });
  }
  cpSync("/bin/busybox", join(workspace.lower, "bin/busybox"));
  symlinkSync("busybox", join(workspace.lower, "bin/sh"));
  writeFileSync(join(workspace.lower, "etc/cached"), "an object of the cache\n");
  chmodSync(join(workspace.lower, "etc/cached"), 0o644);
});
after(() => rmSync(scratch, { recursive: true }));

/** Runs a script with the powers of a maintainer script; its exit code. */
async function hostile(text: string): Promise<number> {
  const codes = Array.from({ length: 256 }, (_, code) => code);
  return (await runInTree(workspace, ["/bin/sh", "-c", text], { accept: codes })).code;
}

test("a workspace has an absolute path, wherever a thread is that uses it", () => {
  const work = makeWorkspace(relative(process.cwd(), join(scratch, "another")));
  assert.deepEqual([work.path, work.upper], [join(scratch, "another"), join(scratch, "another/upper")]);
});

test("changes go to the overlay; what lies below it is never written", async () => {
  assert.equal(await hostile("echo changed > /etc/cached; chmod 777 /etc/cached; echo new > /etc/new"), 0);
  assert.equal(readFileSync(join(workspace.lower, "etc/cached"), "utf8"), "an object of the cache\n");
  assert.equal(readFileSync(join(workspace.upper, "etc/cached"), "utf8"), "changed\n");
  assert.equal(await hostile("grep -q changed /etc/cached && grep -q new /etc/new"), 0);
});

test("no other file of the machine is there", async () => {
  const secret = join(scratch, "secret");
  writeFileSync(secret, "secret\n");
  assert.notEqual(await hostile(`cat ${secret}`), 0);
  assert.notEqual(await hostile(`echo x > ${secret}`), 0);
  assert.notEqual(await hostile(`cat /proc/1/root${secret}`), 0);
  await hostile(`ln -s ${secret} /etc/link; echo overwritten > /etc/link`);
  assert.equal(readFileSync(secret, "utf8"), "secret\n");
});

test("no network, not even this machine's", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  assert.notEqual(await hostile(`echo hello | nc -w 2 127.0.0.1 ${port}`), 0);
  server.close();
});

test("no devices, mounts, kernel settings or foreign processes", async () => {
  assert.notEqual(await hostile("mknod /etc/disk b 8 0"), 0);
  assert.notEqual(await hostile("mount -t tmpfs none /mnt"), 0);
  assert.notEqual(await hostile("echo '|/tmp/x' > /proc/sys/kernel/core_pattern"), 0);
  assert.notEqual(await hostile("echo b > /proc/sysrq-trigger"), 0);
  assert.notEqual(await hostile(`kill -0 ${process.pid}`), 0);
  assert.notEqual(await hostile("ls /dev/* | grep -E 'sd|vd|nvme|kvm|mem'"), 0);
  assert.notEqual(await hostile("ls /sys/block"), 0);
});

test("no power from setuid programs, and nothing that goes on afterwards", async () => {
  assert.equal(await hostile("grep -q 'NoNewPrivs:.1' /proc/self/status"), 0);
  assert.equal(await hostile("grep -q '^overlay / overlay rw,nosuid,nodev' /proc/mounts"), 0);
  const unique = `${process.pid}${Date.now()}`;
  await hostile(`sleep ${unique} >/dev/null 2>&1 &`);
  const running = readdirSync("/proc").map(
    (pid) => unlessErrno(["ENOENT", "ENOTDIR", "ESRCH"], () => readFileSync(`/proc/${pid}/cmdline`, "utf8")) ?? "",
  );
  assert.ok(!running.some((line) => line.includes(unique)));
});

test("the environment is the same everywhere", async () => {
  process.env["LEAKED"] = "x";
  const { stdout } = await runInTree(workspace, ["/bin/sh", "-c", "busybox env; hostname; pwd"], { env: { OWN: "1" } });
  delete process.env["LEAKED"];
  assert.match(stdout, /^OWN=1$/m);
  assert.match(stdout, /^SYSTEMD_OFFLINE=1$/m);
  assert.match(stdout, /^localhost\n\/\n$/m);
  assert.doesNotMatch(stdout, /LEAKED/);
});
