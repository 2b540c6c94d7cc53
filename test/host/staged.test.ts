// SPDX-License-Identifier: Apache-2.0
// Needs root: deployments have owners and the immutable flag.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import {
  deploy,
  finalizeFailure,
  finalizeStaged,
  hostError,
  lockFinalization,
  parseKernelArgs,
  readStaged,
  type StagedState,
  rollback,
  setKernelArgs,
  setPinned,
  status,
  Sysroot,
  writeStaged,
} from "../../src/host/index.ts";
import { bootInto, bootTarget, commitTree, newSysroot, ref } from "./fixture.ts";

const kernelArgs = parseKernelArgs("root=LABEL=root rw");
const startFinalizer = async () => {};
const stage = { stage: true, startFinalizer } as const;

/** A machine that runs version 13.1, with 13.2 in its repository. */
async function machine(t: TestContext) {
  const made = newSysroot(t);
  await deploy(made.sysroot, { rev: ref, stateroot: "debian", kernelArgs, origin: `debian:${ref}` });
  const second = commitTree(made.repo, made.root, { version: "13.2", kernel: "new" });
  return { ...made, second, sysroot: bootInto(made.root, made.path), reboot: () => bootInto(made.root, made.path) };
}

test("what is staged boots only after it was finalized, with the /etc of the shutdown", async (t) => {
  const { path, root, sysroot, first, second, reboot } = await machine(t);
  assert.equal(sysroot.booted?.checksum, first);
  const before = readFileSync(join(path, "boot/loader/entries/ostree-1.conf"), "utf8");
  const { deployment, swap } = await deploy(sysroot, { rev: ref, ...stage });
  assert.equal(swap, "staged");
  assert.equal(deployment.staged, true);
  assert.deepEqual(
    sysroot.deployments.map((one) => one.checksum),
    [second, first],
  );
  assert.equal(readFileSync(join(path, "boot/loader/entries/ostree-1.conf"), "utf8"), before);

  writeFileSync(join(sysroot.directory(sysroot.requireBooted()), "etc/late.conf"), "late");
  const finalized = await finalizeStaged(Sysroot.open(path, sysroot.running));
  assert.equal(finalized.etc?.added, 1);
  assert.equal(existsSync(join(root, "run/ostree/staged-deployment")), false);
  const entry = readFileSync(join(path, "boot/loader/entries/ostree-2.conf"), "utf8");
  assert.match(entry, /13\.2 .*\n[^]*options root=LABEL=root rw ostree=/);
  assert.equal(readFileSync(join(bootTarget(path, entry), "etc/late.conf"), "utf8"), "late");
  const after = reboot();
  assert.equal(after.booted?.checksum, second);
  assert.equal(after.booted?.origin?.get("origin", "refspec"), `debian:${ref}`);
  assert.equal(status(after).deployments[1]?.rollback, true);
});

test("the staged state is the one of libostree", (t) => {
  const { root, first } = newSysroot(t);
  const target = { stateroot: "debian", checksum: first, serial: 0, bootChecksum: "ab".repeat(32) };
  const state: StagedState = {
    target,
    merge: { ...target, serial: 1 },
    kernelArgs: ["a", "b=c d"],
    overlayInitrds: ["cd".repeat(32)],
    extraFields: [["x-options-source-tuned", "nohz=full"]],
    locked: true,
  };
  writeStaged(join(root, "run"), state);
  assert.deepEqual(readStaged(join(root, "run")), state);
});

test("a locked deployment waits; unlocked it is finalized", async (t) => {
  const { path, sysroot } = await machine(t);
  await deploy(sysroot, { rev: ref, ...stage, lockFinalization: true });
  assert.equal(sysroot.staged?.finalizationLocked, true);
  assert.equal((await finalizeStaged(sysroot)).locked, true);
  assert.equal(Sysroot.open(path, sysroot.running).staged !== undefined, true);
  await lockFinalization(sysroot, false);
  assert.equal((await finalizeStaged(sysroot)).deployment?.checksum, sysroot.deployments[0]?.checksum);
});

test("a finalization that fails leaves what booted before, and says so afterwards", async (t) => {
  const { path, sysroot, first, reboot } = await machine(t);
  await deploy(sysroot, { rev: ref, ...stage });
  const tree = sysroot.directory(sysroot.staged!);
  rmSync(join(tree, "usr/lib/modules"), { recursive: true });
  await assert.rejects(finalizeStaged(sysroot), (error) => hostError.is(error, "no-kernel"));
  assert.match(finalizeFailure(path) ?? "", /Failed to find kernel/);
  const after = reboot();
  assert.equal(after.booted?.checksum, first);
  assert.match(status(after)["finalize-failure"] ?? "", /Failed to find kernel/);
  await deploy(after, { rev: ref, ...stage });
  await finalizeStaged(after);
  assert.equal(finalizeFailure(path), undefined, "a success wipes it");
});

test("staging anew drops the earlier one; without a running host there is no staging", async (t) => {
  const { path, repo, root, sysroot, second } = await machine(t);
  const staged = await deploy(sysroot, { rev: ref, ...stage });
  commitTree(repo, root, { version: "13.3" });
  await deploy(sysroot, { rev: ref, ...stage });
  assert.equal(existsSync(sysroot.directory(staged.deployment)), false);
  assert.notEqual(sysroot.staged?.checksum, second);
  await assert.rejects(deploy(Sysroot.open(path), { rev: ref, ...stage }), (error) =>
    hostError.is(error, "not-booted"),
  );
});

test("rollback swaps, and swaps back; a staged update is taken back", async (t) => {
  const { sysroot, first, second, reboot } = await machine(t);
  await assert.rejects(rollback(sysroot), (error) => hostError.is(error, "no-rollback"));
  await deploy(sysroot, { rev: ref, ...stage });
  assert.equal((await rollback(sysroot)).next.checksum, first);
  assert.equal(sysroot.staged, undefined);

  await deploy(sysroot, { rev: ref, ...stage });
  await finalizeStaged(sysroot);
  const after = reboot();
  const { next, before } = await rollback(after);
  assert.deepEqual([next.checksum, before.checksum], [first, second]);
  assert.equal(after.booted?.checksum, second, "the running system stays what it is");
  assert.equal((await rollback(after)).next.checksum, second);
});

test("a pinned deployment outlives updates, the booted one cannot be removed", async (t) => {
  const { path, root, repo, sysroot, first, reboot } = await machine(t);
  await deploy(sysroot, { rev: ref });
  assert.equal(await setPinned(sysroot, sysroot.booted!, true), true);
  assert.equal(await setPinned(sysroot, sysroot.booted!, true), false);
  for (const version of ["13.3", "13.4"]) {
    const running = reboot();
    commitTree(repo, root, { version });
    await deploy(running, { rev: ref });
  }
  const kept = Sysroot.open(path).deployments;
  assert.deepEqual([kept.length, kept.at(-1)?.checksum, kept.at(-1)?.pinned], [3, first, true]);
});

test("other kernel arguments are a new deployment of the same commit", async (t) => {
  const { sysroot, first } = await machine(t);
  const { deployment } = await setKernelArgs(sysroot, sysroot.booted!, [...kernelArgs, "quiet"], stage);
  assert.deepEqual([deployment.checksum, deployment.serial, deployment.kernelArgs.at(-1)], [first, 1, "quiet"]);
  assert.equal(deployment.origin?.get("origin", "refspec"), `debian:${ref}`);
});

test("status works without the commits and lists what runs", async (t) => {
  const { path, sysroot, first } = await machine(t);
  await deploy(sysroot, { rev: ref });
  const all = status(sysroot);
  assert.deepEqual(
    all.deployments.map((one) => [
      one.version,
      one.booted,
      one.default,
      one.origin,
      one["gpg-enabled"] ?? one["remote-error"],
    ]),
    [
      ["13.2", false, true, `debian:${ref}`, 'Remote "debian" not found'],
      ["13.1", true, false, `debian:${ref}`, 'Remote "debian" not found'],
    ],
  );
  assert.equal(all.deployments[0]?.["base-commit-meta"]["version"], "13.2");
  rmSync(join(path, "ostree/repo/objects"), { recursive: true });
  mkdirSync(join(path, "ostree/repo/objects"));
  const without = status(Sysroot.open(path, sysroot.running));
  assert.deepEqual(
    [without.deployments.length, without.deployments[1]?.checksum, without.deployments[1]?.version],
    [2, first, undefined],
  );
});
