// SPDX-License-Identifier: Apache-2.0
// The running system brought to another commit. Needs root: an overlay is mounted.
import assert from "node:assert/strict";
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { unmount } from "../../../src/base/index.ts";
import { applyLive, deploy, hostError, pruneRepository, status, Sysroot, unlock } from "../../../src/host/index.ts";
import { Transaction } from "../../../src/ostree/index.ts";
import { bootInto, commitTree, newSysroot, ostree, ref, type TreeOptions } from "../fixture.ts";

const dpkg = "usr/lib/sysimage/dpkg/status";

/** The dpkg database of these packages. */
function database(packages: Readonly<Record<string, string>>): string {
  const entries = Object.entries(packages).map(
    ([name, version]) => `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n`,
  );
  return entries.join("\n");
}

const first: TreeOptions = {
  version: "13.1",
  files: {
    [dpkg]: database({ base: "1" }),
    "usr/lib/systemd/system/base.service": "[Service]\nExecStart=/usr/bin/tool\n",
    "usr/etc/gone/default.conf": "default\n",
    "usr/share/old/deep/file": "old\n",
  },
};

/** The first version and one package more. */
const added: TreeOptions = {
  version: "13.1",
  files: {
    ...first.files,
    [dpkg]: database({ base: "1", extra: "1" }),
    "usr/bin/extra": "extra\n",
    "usr/lib/extra/deep/data": "data\n",
    "usr/lib/tmpfiles.d/extra.conf": "d /var/lib/extra 0750 root root -\n",
    "usr/lib/sysusers.d/extra.conf": "u extra - -\n",
    "usr/etc/extra/extra.conf": "extra\n",
    "usr/etc/extra/own.conf": "default\n",
  },
};

/** A later version: things gone, replaced and changed in kind. */
const second: TreeOptions = {
  version: "13.2",
  kernel: "another kernel",
  files: {
    [dpkg]: database({ base: "2" }),
    "usr/lib/systemd/system/base.service": "[Service]\nExecStart=/usr/bin/tool --better\n",
    "usr/share/old": "a file now\n",
    "usr/etc/shared.conf": "better default\n",
    "usr/lib/modules/6.12.1/extra.ko": "a module of the other kernel\n",
  },
};

async function runningHost(t: TestContext) {
  let mounted = (): string | undefined => undefined;
  // Before the directory is removed, which is done by what comes next.
  t.after(() => {
    const path = mounted();
    if (path !== undefined) unmount(path);
  });
  const { root, path, repo, first: booted } = newSysroot(t, first);
  await deploy(Sysroot.open(path), { rev: booted, stateroot: "debian", kernelArgs: ["rw"], origin: ref });
  const running = bootInto(root, path);
  const tree = running.directory(running.requireBooted());
  const [usr, etc] = [join(tree, "usr"), join(tree, "etc")];
  mounted = () => (Sysroot.open(path, running.running).booted?.unlocked === "none" ? undefined : usr);
  const programs: string[] = [];
  const runProgram = (program: string, args: readonly string[]) => {
    programs.push([program, ...args].join(" ").replace(tree, "ROOT"));
    return Promise.resolve();
  };
  const read = (name: string) => readFileSync(join(tree, name), "utf8");
  const reopen = () => Sysroot.open(path, running.running);
  return { root, path, repo, booted, tree, usr, etc, programs, runProgram, read, reopen };
}

/** What stock ostree finds in the running /usr and not in the commit, or the other way round. */
function differences(repo: string, commit: string, usr: string): string {
  return ostree("diff", `--repo=${repo}`, "--owner-uid=0", "--owner-gid=0", `${commit}`, `${usr}/..`)
    .split("\n")
    .filter((line) => /^[AMD] +\/?usr\//.test(line))
    .join("\n");
}

test("what only adds is there at once, is told by the status, and goes by a reset", async (t) => {
  const { root, repo, booted, usr, etc, programs, runProgram, read, reopen } = await runningHost(t);
  await assert.rejects(applyLive(reopen(), { runProgram }), (error) => hostError.is(error, "nothing-pending"));
  mkdirSync(join(etc, "extra"));
  writeFileSync(join(etc, "extra/own.conf"), "mine\n");
  const target = commitTree(repo, root, added);
  const done = await applyLive(reopen(), { target, runProgram });
  assert.deepEqual(
    done?.packages?.added.map(({ name }) => name),
    ["extra"],
  );
  assert.deepEqual([done?.files.added, done?.files.removed, done?.problems], [6, 0, []]);
  assert.equal(differences(repo, target, usr), "");
  assert.throws(() => writeFileSync(join(usr, "bin/try"), ""), { code: "EROFS" });

  assert.equal(read("etc/extra/extra.conf"), "extra\n");
  assert.equal(read("etc/extra/own.conf"), "mine\n");
  assert.deepEqual(done?.etc, { updated: 1, kept: ["extra/own.conf"] });
  assert.deepEqual(programs, [
    "systemd-sysusers --root=ROOT",
    "systemd-tmpfiles --root=ROOT --create --prefix=/run --prefix=/var",
  ]);

  const told = status(reopen()).deployments[0]!;
  assert.deepEqual([told.checksum, told["live-replaced"], told.unlocked], [booted, target, "transient"]);
  assert.equal(told["live-inprogress"], undefined);
  // rpm-ostree finds it there, too.
  assert.equal(ostree("rev-parse", `--repo=${repo}`, "rpmostree/live-apply").trim(), target);
  assert.equal(await applyLive(reopen(), { target, runProgram }), undefined);

  ostree("refs", `--repo=${repo}`, "--delete", ref);
  ostree("refs", `--repo=${repo}`, "--create=keep", booted);
  pruneRepository(reopen().repo);
  const back = await applyLive(reopen(), { reset: true, runProgram });
  assert.deepEqual(
    back?.packages?.removed.map(({ name }) => name),
    ["extra"],
  );
  assert.equal(differences(repo, booted, usr), "");
  assert.equal(status(reopen()).deployments[0]?.["live-replaced"], booted);
  assert.deepEqual([existsSync(join(etc, "extra/extra.conf")), read("etc/extra/own.conf")], [false, "mine\n"]);
});

test("replacing needs leave; the running kernel keeps its modules; /etc is merged file by file", async (t) => {
  const { root, repo, booted, usr, etc, runProgram, read, reopen } = await runningHost(t);
  const target = commitTree(repo, root, second);
  await assert.rejects(applyLive(reopen(), { target, runProgram }), /packages would be changed: 1, allow replacement/);
  assert.equal(reopen().booted?.unlocked, "none");

  writeFileSync(join(etc, "motd"), "mine\n");
  writeFileSync(join(etc, "gone/mine.conf"), "mine\n");
  rmSync(join(etc, "dropped.conf"));
  const done = await applyLive(reopen(), { target, allowReplacement: true, runProgram });
  assert.deepEqual([done?.services, done?.pendingKernel], [["base.service"], "6.12.1"]);
  const left = differences(repo, target, usr)
    .split("\n")
    .map((line) => line.replace(/ +/, " "));
  assert.deepEqual(left.toSorted(), ["D /usr/lib/modules/6.12.1/extra.ko", "M /usr/lib/modules/6.12.1/vmlinuz"]);
  assert.equal(read("usr/share/old"), "a file now\n");
  assert.deepEqual([read("etc/motd"), read("etc/shared.conf")], ["mine\n", "better default\n"]);
  assert.deepEqual([existsSync(join(etc, "gone/default.conf")), read("etc/gone/mine.conf")], [false, "mine\n"]);
  assert.equal(existsSync(join(etc, "dropped.conf")), false);
  assert.deepEqual(done?.etc.kept, ["motd"]);

  const third = commitTree(repo, root, { ...second, files: { ...second.files, "usr/lib/modules/6.12.1/b.ko": "b\n" } });
  const more = await applyLive(reopen(), { target: third, allowReplacement: true, runProgram });
  assert.deepEqual([more?.pendingKernel, existsSync(join(usr, "lib/modules/6.12.1/b.ko"))], ["6.12.1", false]);

  const back = await applyLive(reopen(), { reset: true, runProgram });
  assert.equal(back?.pendingKernel, undefined);
  assert.equal(differences(repo, booted, usr), "");
  assert.equal(read("etc/shared.conf"), "default\n");
});

test("a link in the place of a directory of /etc leads nothing out of it", async (t) => {
  const { root, repo, etc, runProgram, reopen } = await runningHost(t);
  const outside = join(root, "outside");
  mkdirSync(outside);
  symlinkSync(outside, join(etc, "extra"));
  const done = await applyLive(reopen(), { target: commitTree(repo, root, added), runProgram });
  assert.deepEqual(done?.etc.kept, ["extra", "extra/extra.conf", "extra/own.conf"]);
  assert.deepEqual(
    [lstatSync(join(etc, "extra")).isSymbolicLink(), existsSync(join(outside, "extra.conf"))],
    [true, false],
  );
});

test("interrupted, it is told, and ends at any target, also another one", async (t) => {
  const { root, repo, booted, usr, runProgram, reopen } = await runningHost(t);
  const halfway = commitTree(repo, root, added);
  const target = commitTree(repo, root, second);
  await applyLive(reopen(), { target: halfway, runProgram });
  const failing = Object.assign(new Error("interrupted"), { code: "EINTR" });
  const listener = (event: { type: string; task?: string }) => {
    if (event.task === "live.etc") throw failing;
  };
  await assert.rejects(applyLive(reopen(), { target, allowReplacement: true, runProgram }, listener as never), failing);
  const told = status(reopen()).deployments[0]!;
  assert.deepEqual([told["live-replaced"], told["live-inprogress"]], [halfway, target]);
  await applyLive(reopen(), { reset: true, runProgram });
  assert.equal(differences(repo, booted, usr), "");
  assert.equal(status(reopen()).deployments[0]!["live-inprogress"], undefined);
});

test("by default it is the version that boots next, also over what was opened for development", async (t) => {
  const { root, repo, usr, runProgram, reopen } = await runningHost(t);
  const target = commitTree(repo, root, added);
  await deploy(reopen(), { rev: target, kernelArgs: ["rw"], origin: ref });
  await unlock(reopen(), "development");
  writeFileSync(join(usr, "bin/mine"), "mine\n");
  assert.equal((await applyLive(reopen(), { runProgram }))?.target, target);
  assert.match(differences(repo, target, usr), /^A +usr\/bin\/mine$/);
});

test("after a reboot nothing is live, and the next change drops the refs", async (t) => {
  const { root, path, repo, booted, reopen } = await runningHost(t);
  {
    using transaction = Transaction.begin(reopen().repo);
    transaction.setRef("rpmostree/live-apply", booted);
    transaction.commit();
  }
  assert.equal(status(reopen()).deployments[0]!["live-replaced"], undefined);
  await deploy(reopen(), { rev: commitTree(repo, root, second), kernelArgs: ["rw"], origin: ref });
  assert.doesNotMatch(ostree("refs", `--repo=${repo}`), /rpmostree/);
  assert.equal(Sysroot.open(path).deployments.length, 2);
});
