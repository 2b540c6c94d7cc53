// SPDX-License-Identifier: Apache-2.0
// Drift of /etc, resets, factory resets, and how many versions are kept. Needs root.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import {
  changeKept,
  checkEtcPath,
  commitVersion,
  deploy,
  etcDrift,
  factoryReset,
  finalizeStaged,
  originPath,
  pendingEtc,
  readRetention,
  resetEtc,
  rollback,
  Sysroot,
} from "../../src/host/index.ts";
import { bootInto, commitTree, newSysroot, ostree, ref } from "./fixture.ts";

const startFinalizer = async () => {};

async function host(t: TestContext) {
  const { root, path, repo, first } = newSysroot(t, {
    version: "13.1",
    files: { "usr/etc/fstab": "", "usr/etc/app/a.conf": "a", "usr/etc/app/b.conf": "b" },
  });
  await deploy(Sysroot.open(path), { rev: first, stateroot: "debian", origin: ref, kernelArgs: ["rw"] });
  const open = () => bootInto(root, path);
  const etc = join(open().directory(open().requireBooted()), "etc");
  const write = (name: string, text: string) => {
    mkdirSync(join(etc, name, ".."), { recursive: true });
    writeFileSync(join(etc, name), text);
  };
  return { root, path, repo, open, etc, write };
}

const drift = (sysroot: Sysroot, below: string[] = []) =>
  etcDrift(sysroot, sysroot.requireBooted(), below).map(({ path, kind, kept }) => `${kind} ${path}${kept ? "!" : ""}`);

test("drift is told, taken back file by file or all at once, and what was there is put aside", async (t) => {
  const { path, open, etc, write } = await host(t);
  write("motd", "mine");
  write("fstab", "disk");
  write("app/c.conf", "mine");
  write("own/x", "mine");
  rmSync(join(etc, "app/a.conf"));
  const all = [
    "removed app/a.conf",
    "added app/c.conf",
    "modified fstab!",
    "modified motd",
    "added own",
    "added own/x",
  ];
  assert.deepEqual(drift(open()), all);
  assert.deepEqual(drift(open(), ["app"]), all.slice(0, 2));
  assert.equal(pendingEtc(open()), undefined);
  await assert.rejects(resetEtc(open(), open().requireBooted(), ["app/b.conf"]), /is as the version shipped it/);
  const one = await resetEtc(open(), open().requireBooted(), ["/etc/motd"]);
  assert.deepEqual([one.reset, readFileSync(join(etc, "motd"), "utf8")], [["motd"], "welcome to 13.1\n"]);
  assert.equal(readFileSync(join(path, "ostree/deploy/debian", one.backup!.slice(1), "motd"), "utf8"), "mine");

  changeKept(etc, ["own/"], true);
  const rest = await resetEtc(open(), open().requireBooted(), []);
  assert.deepEqual(rest.reset, ["app/a.conf", "app/c.conf"]);
  assert.deepEqual(drift(open()), [
    "added atomic",
    "added atomic/etc-keep!",
    "modified fstab!",
    "added own!",
    "added own/x!",
  ]);
  assert.deepEqual(changeKept(etc, ["own"], false), []);
  for (const bad of ["..", "/usr/x", "a/../b", "", "/etc", "a//b"])
    assert.throws(() => checkEtcPath(bad), /is no path below \/etc/, bad);
});

test("a factory reset of /etc keeps what finds the disks, and can be gone back from", async (t) => {
  const { path, open, write } = await host(t);
  write("motd", "mine");
  write("fstab", "disk");
  await factoryReset(open(), { what: "etc", startFinalizer });
  await finalizeStaged(open());
  const sysroot = open();
  const etc = join(sysroot.directory(sysroot.deployments[0]!), "etc");
  assert.equal(readFileSync(join(etc, "motd"), "utf8"), "welcome to 13.1\n");
  assert.equal(readFileSync(join(etc, "fstab"), "utf8"), "disk");
  assert.deepEqual(sysroot.deployments[0]?.kernelArgs, ["rw"]);
  assert.equal(sysroot.deployments.length, 2);
  const { next } = await rollback(Sysroot.open(path));
  assert.equal(readFileSync(join(Sysroot.open(path).directory(next), "etc/motd"), "utf8"), "mine");
});

test("a factory reset of all boots with an empty /var beside the old one; stock ostree lists both", async (t) => {
  const { path, open } = await host(t);
  writeFileSync(join(path, "ostree/deploy/debian/var/data"), "");
  await factoryReset(open(), { what: "all", stage: false });
  const sysroot = Sysroot.open(path);
  assert.deepEqual(
    sysroot.deployments.map(({ stateroot }) => stateroot),
    ["debian.2", "debian"],
  );
  assert.equal(existsSync(join(path, "ostree/deploy/debian.2/var/data")), false);
  assert.match(ostree("admin", "status", `--sysroot=${path}`), /debian\.2 [^]*debian /);
});

test("as many versions are kept as the owner wants, unless they are old or the disk is short", async (t) => {
  const { root, path, repo, write, open } = await host(t);
  const versions = () => Sysroot.open(path).deployments.length;
  const config = (text: string) => {
    const sysroot = open();
    const etc = join(sysroot.directory(sysroot.requireBooted()), "etc/atomic");
    mkdirSync(etc, { recursive: true });
    writeFileSync(join(etc, "host.conf"), `[Deployments]\n${text}`);
  };
  write("atomic/host.conf", "[Deployments]\nKeep=4\nMinFreePercent=0\n");
  const add = async (version: string) =>
    deploy(open(), { rev: commitTree(repo, root, { version, kernel: version }), stage: false, startFinalizer });
  for (const version of ["13.2", "13.3", "13.4", "13.5"]) await add(version);
  assert.equal(versions(), 4);
  const staged = commitTree(repo, root, { version: "13.6", kernel: "6" });
  await deploy(open(), { rev: staged, stage: true, startFinalizer });
  await finalizeStaged(open());
  assert.equal(versions(), 4, "at shutdown as well");
  config("Keep=3\nMinFreePercent=99\n");
  await add("13.7");
  assert.equal(versions(), 2, "a disk that is short");
  config("Keep=many\n");
  await assert.rejects(add("13.8"), /Keep=many is not a number from 1 to 100/);
  assert.deepEqual(readRetention("/nonexistent"), { keep: 2, keepDays: undefined, minFreePercent: 10 });
});

test("of the versions that are kept those go that were deployed longer ago than the owner wants", async (t) => {
  const { root, path, repo, write } = await host(t);
  write("atomic/host.conf", "[Deployments]\nKeep=5\nKeepDays=60\nMinFreePercent=0\n");
  const versions = () => {
    const sysroot = Sysroot.open(path);
    return sysroot.deployments.map(({ checksum }) => commitVersion(sysroot.repo, checksum));
  };
  /** The machine runs the oldest all the time. */
  const add = async (version: string) => {
    const rev = commitTree(repo, root, { version, kernel: version });
    await deploy(bootInto(root, path, versions().length - 1), { rev, stage: false, startFinalizer });
  };
  /** Deployed so many days ago, whenever it was committed. */
  const age = (version: string, days: number) => {
    const sysroot = Sysroot.open(path);
    const deployment = sysroot.deployments[versions().indexOf(version)]!;
    const then = new Date(Date.now() - days * 86_400_000);
    utimesSync(join(path, originPath(deployment)), then, then);
  };
  for (const version of ["13.2", "13.3", "13.4"]) await add(version);
  assert.deepEqual(versions(), ["13.4", "13.3", "13.2", "13.1"]);
  age("13.1", 400);
  age("13.2", 61);
  age("13.3", 59);
  await add("13.5");
  assert.deepEqual(versions(), ["13.5", "13.4", "13.3", "13.1"], "what runs stays, however old");
});
