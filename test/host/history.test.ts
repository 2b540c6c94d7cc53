// SPDX-License-Identifier: Apache-2.0
// What ran when, from the journal's messages; and which command changes the host now.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  activeChange,
  announceChange,
  cancelChange,
  deploy,
  hostError,
  type JournalRecord,
  matchHistory,
  readySoftReboot,
  status,
  Sysroot,
} from "../../src/host/index.ts";
import { bootInto, commitTree, newSysroot, ref } from "./fixture.ts";

const path = (digit: string) => `/ostree/deploy/debian/deploy/${digit.repeat(64)}.0`;
const at = (seconds: number) => ({ __REALTIME_TIMESTAMP: String(seconds * 1e6) });
const node = (digit: string, inode: string) => ({
  DEPLOYMENT_PATH: path(digit),
  DEPLOYMENT_DEVICE: "2049",
  DEPLOYMENT_INODE: inode,
});

/** The fields that rpm-ostree's write_history sends. */
const made = (digit: string, inode: string, time: number, commandLine: string): JournalRecord => ({
  ...at(time),
  ...node(digit, inode),
  MESSAGE_ID: "9bddbda177cd44d891b1b561a8a0ce9e",
  DEPLOYMENT_TIMESTAMP: String(time),
  DEPLOYMENT_VERSION: `13.${digit}`,
  DEPLOYMENT_REFSPEC: "site:debian/13",
  COMMAND_LINE: commandLine,
  AGENT: "alice",
});

/** What ostree-prepare-root sends. */
const booted = (digit: string, inode: string, time: number): JournalRecord => ({
  ...at(time),
  ...node(digit, inode),
  MESSAGE_ID: "7170336a73ba4601bad31af888aa0df7",
});

const journal = [
  made("1", "10", 100, "install"),
  booted("1", "10", 110),
  booted("1", "10", 120),
  made("2", "11", 130, "atomic host upgrade"),
  made("3", "12", 135, "atomic host upgrade"),
  booted("3", "12", 140),
  booted("1", "10", 150),
  booted("9", "99", 160),
];

test("boots are matched to deployments as rpm-ostree does, the newest first", () => {
  const brief = (all: boolean) =>
    matchHistory(journal, all).map((entry) => [
      entry.deployment.version,
      entry["boot-count"],
      entry["first-boot-timestamp"],
      entry["last-boot-timestamp"],
    ]);
  const third = ["13.3", 1, 140, 140];
  const first = ["13.1", 2, 110, 120];
  assert.deepEqual(brief(false), [["13.1", 1, 150, 150], third, first]);
  assert.deepEqual(brief(true), [["13.1", 1, 150, 150], third, ["13.2", 0, undefined, undefined], first]);
  const [, entry] = matchHistory(journal);
  assert.deepEqual(
    [entry?.["deployment-create-command-line"], entry?.["deployment-create-timestamp"], entry?.agent],
    ["atomic host upgrade", 135, "alice"],
  );
});

test("a deployment of the same path but another inode is another one; damaged messages are left out", () => {
  assert.deepEqual(matchHistory([made("1", "10", 100, ""), booted("1", "11", 110)]), []);
  const strange = [
    { ...made("1", "10", 1, ""), DEPLOYMENT_TIMESTAMP: "x" },
    { MESSAGE_ID: null },
    booted("1", "10", 2),
  ];
  assert.deepEqual(matchHistory(strange, true), []);
  const bytes = { ...made("1", "10", 1, ""), COMMAND_LINE: [1, 2] };
  assert.equal(matchHistory([bytes], true)[0]?.["deployment-create-command-line"], undefined);
});

test("the command that changes the host is told and can be ended; a note of a dead one counts for nothing", async (t) => {
  const { root, path: sysrootPath, first } = newSysroot(t);
  await deploy(Sysroot.open(sysrootPath), { rev: first, stateroot: "debian", origin: ref });
  const sysroot = bootInto(root, sysrootPath);
  const own = announceChange(sysroot, "upgrade", "atomic host upgrade");
  assert.deepEqual(status(sysroot).transaction, ["upgrade", `pid ${process.pid}`, "atomic host upgrade"]);
  const note = join(root, "run/atomic/host-change.json");
  const text = readFileSync(note, "utf8");
  own[Symbol.dispose]();
  assert.equal(activeChange(sysroot), undefined);
  assert.equal(await cancelChange(sysroot), undefined);
  const child = spawn("sleep", ["60"]);
  t.after(() => child.kill("SIGKILL"));
  const started = readFileSync(`/proc/${child.pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ")[19];
  mkdirSync(join(root, "run/atomic"), { recursive: true });
  writeFileSync(note, JSON.stringify({ title: "upgrade", pid: child.pid, commandLine: "x", started }));
  assert.equal((await cancelChange(sysroot))?.pid, child.pid);
  for (const stale of [text.replace(/"started":"\d+"/, '"started":"1"'), "{", '{"pid":-1}', '{"pid":1}']) {
    writeFileSync(note, stale);
    assert.equal(activeChange(sysroot), undefined, stale);
  }
});

test("a soft reboot is readied where it can be, and demanded where it must", async (t) => {
  const { root, path: sysrootPath, repo, first } = newSysroot(t);
  const base = { stateroot: "debian", origin: ref, startFinalizer: async () => {} };
  await deploy(Sysroot.open(sysrootPath), { ...base, rev: first });
  const sysroot = bootInto(root, sysrootPath);
  const same = commitTree(repo, root, { version: "13.2" });
  const { deployment } = await deploy(sysroot, { ...base, rev: same, stage: true });
  const prepared: string[] = [];
  const prepare = async (_: Sysroot, { checksum }: { checksum: string }) => void prepared.push(checksum);
  assert.equal(await readySoftReboot(sysroot, deployment, "auto", prepare), true);
  assert.deepEqual(prepared, [same]);
  const cannot = async () => {
    throw hostError("bad-tree", "soft reboot not supported without composefs");
  };
  assert.equal(await readySoftReboot(sysroot, deployment, "auto", cannot), false);
  await assert.rejects(readySoftReboot(sysroot, deployment, "required", cannot), /without composefs/);
  const other = commitTree(repo, root, { version: "13.3", kernel: "other" });
  const changed = await deploy(sysroot, { ...base, rev: other, stage: true });
  assert.equal(await readySoftReboot(sysroot, changed.deployment, "auto", prepare), false);
  await assert.rejects(readySoftReboot(sysroot, changed.deployment, "required"), /different kernel state/);
});
