// SPDX-License-Identifier: Apache-2.0
// Kills a change of the system root at a system call, again and again: what boots afterwards is whole, old or new, and
// the next run succeeds and leaves nothing behind. Needs root and strace.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { bootTarget, commitTree, newSysroot, ostree, ref } from "./fixture.ts";
import { removeTree } from "../../src/base/index.ts";
import { deploy, rollback, Sysroot } from "../../src/host/index.ts";

/** Every call that changes a file system, as strace's names. `?` marks those that not every machine has. */
const mutating =
  "rename,?renameat,renameat2,symlink,?symlinkat,link,?linkat,mkdir,?mkdirat,unlink,?unlinkat,rmdir,chmod,fchmod,?fchmodat,lchown,fchown,?fchownat,lsetxattr,ftruncate,pwrite64,syncfs,fsync,utimensat,copy_file_range,ioctl";
const child = join(import.meta.dirname, "crash-child.ts");

/** One call of a run: strace counts each kind of call by itself. */
interface Call {
  readonly name: string;
  readonly occurrence: number;
}

/** Runs the operation to its end; all its mutating calls in order. */
function recordCalls(operation: string, path: string, log: string): Call[] {
  execFileSync("strace", [
    "-qq",
    "-e",
    `trace=${mutating}`,
    "-o",
    log,
    process.execPath,
    ...process.execArgv,
    child,
    operation,
    path,
  ]);
  const counts = new Map<string, number>();
  const names = readFileSync(log, "utf8")
    .split("\n")
    .flatMap((line) => /^([a-z0-9_]+)\(/.exec(line)?.[1] ?? []);
  return names.map((name) => {
    const occurrence = (counts.get(name) ?? 0) + 1;
    counts.set(name, occurrence);
    return { name, occurrence };
  });
}

/** What is done to the program at a call: it is killed before it, or told that the disk is full. */
type Fault = "signal=KILL" | "error=ENOSPC";

/** Runs the operation under strace with a fault at one call. */
function runWithFault(operation: string, path: string, { name, occurrence }: Call, fault: Fault): void {
  const args = ["-qq", "-o", "/dev/null", "-e", `trace=${name}`, "-e", `inject=${name}:${fault}:when=${occurrence}`];
  const result = spawnSync("strace", [...args, process.execPath, ...process.execArgv, child, operation, path]);
  const what = `${name} ${occurrence}: ended with ${result.status}\n${result.stderr}`;
  if (fault === "signal=KILL") assert.ok(result.signal === "SIGKILL" || result.status === 137, what);
  else assert.match(`${result.status} ${result.stderr}`, /^1 [^]*code: 'host-no-space'/, what);
}

/** What a boot loader and ostree-prepare-root would find: the default entry's version; everything it needs is there. */
function bootedVersion(path: string): string {
  const entries = join(path, "boot/loader/entries");
  const names = readdirSync(entries).sort().reverse();
  for (const name of names) {
    const entry = readFileSync(join(entries, name), "utf8");
    for (const key of ["linux", "initrd"]) {
      const file = new RegExp(`^${key} (.*)$`, "m").exec(entry)?.[1];
      assert.ok(readFileSync(join(path, file!), "utf8").length > 0, `${name}: ${file}`);
    }
    const tree = bootTarget(path, entry);
    const version = readFileSync(join(tree, "usr/bin/tool"), "utf8");
    assert.equal(readFileSync(join(tree, "etc/own.conf"), "utf8"), "own");
    assert.match(readFileSync(join(tree, "etc/motd"), "utf8"), new RegExp(version.slice(5)));
  }
  assert.ok(existsSync(join(path, "boot/loader/grub.cfg")));
  return readFileSync(
    join(bootTarget(path, readFileSync(join(entries, names[0]!), "utf8")), "usr/bin/tool"),
    "utf8",
  ).trim();
}

/** Names in the places where a change could leave something. */
function inventory(path: string): string[] {
  const places = ["boot", "boot/ostree", "ostree", "ostree/deploy/debian/deploy", "ostree/deploy/debian/backing"];
  return places.flatMap((place) => readdirSync(join(path, place)).map((name) => `${place}/${name}`)).sort();
}

async function prepare(t: TestContext, deployBoth: boolean) {
  const made = newSysroot(t);
  const { deployment } = await deploy(made.sysroot, { rev: ref, stateroot: "debian", kernelArgs: ["rw"] });
  execFileSync("sh", ["-c", `printf own > ${made.sysroot.directory(deployment)}/etc/own.conf`]);
  commitTree(made.repo, made.root, { version: "13.2", kernel: "new kernel" });
  if (deployBoth) await deploy(made.sysroot, { rev: ref });
  return made;
}

/** A copy to be ruined: hard links within the system root are kept, which the deployment relies on. */
function copySysroot(path: string, to: string): void {
  removeTree(to);
  execFileSync("cp", ["-a", path, to]);
}

async function torture(t: TestContext, operation: "deploy" | "rollback", fault: Fault, points: number): Promise<void> {
  const { root, path } = await prepare(t, operation === "rollback");
  const work = join(root, "work");
  const before = bootedVersion(path);
  copySysroot(path, work);
  const recorded = recordCalls(operation, work, join(root, "calls"));
  const calls = fault === "signal=KILL" ? recorded : recorded.filter(({ name }) => takesSpace.test(name));
  const after = bootedVersion(work);
  const clean = inventory(work);
  assert.notEqual(after, before);
  assert.ok(calls.length > 20, `${calls.length} calls`);
  // Spread over the run, the last calls (the swap and the clean-up) included.
  const step = Math.max(1, Math.floor(calls.length / points));
  for (let index = (calls.length - 1) % step; index < calls.length; index += step) {
    const call = calls[index]!;
    const what = `call ${index}: ${call.name} ${call.occurrence}`;
    copySysroot(path, work);
    runWithFault(operation, work, call, fault);
    const version = bootedVersion(work);
    assert.ok(version === before || version === after, `${what}: boots ${version}`);
    ostree("admin", "status", `--sysroot=${work}`);
    const sysroot = Sysroot.open(work);
    if (operation === "deploy") await deploy(sysroot, { rev: ref });
    else await rollback(sysroot);
    if (operation === "rollback" && version === after) await rollback(sysroot);
    assert.equal(bootedVersion(work), after, `${what}: the next run`);
    const left = inventory(work).filter((name) => !isExpected(name, clean));
    assert.deepEqual(left, [], `${what} left something behind`);
    ostree("fsck", "-q", `--repo=${work}/ostree/repo`);
  }
}

/** Calls that a full disk refuses. */
const takesSpace = /^(mkdir|link|symlink|copy_file_range)$/;

/** The next run may have got the other boot version, and a second serial of the same commit. */
function isExpected(name: string, clean: readonly string[]): boolean {
  return clean.includes(name) || /\/(boot\.[01](\.[01])?|loader\.[01])$/.test(name) || /\.1(\.origin)?$/.test(name);
}

test("a deployment killed anywhere leaves the old or the new version", async (t) => {
  await torture(t, "deploy", "signal=KILL", 24);
});

test("a rollback killed anywhere leaves the old or the new order", async (t) => {
  await torture(t, "rollback", "signal=KILL", 12);
});

test("a disk that fills up on the way is a clear error, and the old version boots", async (t) => {
  await torture(t, "deploy", "error=ENOSPC", 10);
});
