// SPDX-License-Identifier: Apache-2.0
// rebase, deploy of a version, reset, rollback further back, pins by name, update drivers. Needs root.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import {
  changeKernelArgs,
  chooseDeployment,
  completeRefspec,
  deploy,
  deployRevision,
  initSysroot,
  originRefspec,
  pinnedName,
  previewRevision,
  readUpdateDriver,
  rebase,
  refuseOtherDriver,
  registerUpdateDriver,
  releaseStaged,
  resetToBase,
  rollback,
  setPinned,
  Sysroot,
  upgrade,
} from "../../src/host/index.ts";
import { bootInto, commitTree, newSysroot, ostree, ref, scratch } from "./fixture.ts";

const startFinalizer = async () => {};

/** A host with three versions of a branch in its own repository, of which the first is deployed. */
async function hostWithBranch(t: TestContext) {
  const { root, path, repo, first } = newSysroot(t, { version: "13.1" });
  await deploy(Sysroot.open(path), { rev: first, stateroot: "debian", origin: ref });
  const second = commitTree(repo, root, { version: "13.2", kernel: "2", timestamp: "2031-01-02T00:00:00Z" });
  const third = commitTree(repo, root, { version: "13.3", kernel: "3", timestamp: "2031-01-03T00:00:00Z" });
  return { root, path, repo, first, second, third, open: () => bootInto(root, path) };
}

const originText = (sysroot: Sysroot, index: number) => sysroot.deployments[index]?.origin?.toString() ?? "";

test("a version of the branch is deployed, and the next upgrade follows the branch again", async (t) => {
  const { second, third, open, path } = await hostWithBranch(t);
  const preview = await previewRevision(open(), { revision: "13.2" });
  assert.deepEqual([preview.changed, preview.to.checksum, preview.deployed], [true, second, undefined]);
  await deployRevision(open(), { revision: "version=13.2", stage: false });
  assert.deepEqual([open().deployments[0]?.checksum, open().deployments.length], [second, 2]);
  assert.match(originText(open(), 0), new RegExp(`override-commit=${second}`));
  assert.equal((await deployRevision(open(), { revision: `revision=${second}`, stage: false })).changed, false);
  await upgrade(open(), { stage: false });
  assert.equal(open().deployments[0]?.checksum, third);
  assert.doesNotMatch(originText(open(), 0), /override-commit/);
  assert.match(ostree("admin", "status", `--sysroot=${path}`), new RegExp(`${third}`));
});

test("a commit of another branch is deployed only when the check is skipped", async (t) => {
  const { root, repo, open, first } = await hostWithBranch(t);
  const foreign = commitTree(repo, root, { version: "99", kernel: "x", timestamp: "2031-01-04T00:00:00Z" });
  ostree("refs", `--repo=${repo}`, "--create=other", foreign);
  ostree("reset", `--repo=${repo}`, ref, `${ref}^`);
  await assert.rejects(deployRevision(open(), { revision: foreign }), /Checksum [0-9a-f]{64} not found in/);
  await assert.rejects(deployRevision(open(), { revision: "77" }), /has no version 77/);
  await assert.rejects(deployRevision(open(), { revision: "revision=77" }), /does not name a commit/);
  const done = await deployRevision(open(), { revision: foreign, skipBranchCheck: true, stage: false });
  assert.equal(done.deployed?.deployment.checksum, foreign);
  await assert.rejects(
    deployRevision(open(), { revision: first, allowDowngrade: false, skipBranchCheck: true }),
    /13\.1 is older than 99/,
  );
});

test("what a rebase leaves out is taken from the origin", () => {
  const present = "site:debian/13";
  const given: readonly (readonly [string, string])[] = [
    ["debian/14", "site:debian/14"],
    ["mirror:", "mirror:debian/13"],
    ["mirror:debian/14", "mirror:debian/14"],
    [":debian/14", "debian/14"],
    ["ostree://debian/14", "site:debian/14"],
  ];
  for (const [words, refspec] of given) assert.equal(completeRefspec(words, present), refspec);
  assert.throws(() => completeRefspec("", present), /Refspec is empty/);
  assert.throws(() => completeRefspec("mirror:", undefined), /Could not determine default ref/);
  assert.throws(() => completeRefspec("a b", present), /ref/i);
  for (const image of ["ostree-unverified-registry:quay.io/x", "ostree-image-signed:docker://quay.io/x:1"])
    assert.throws(() => completeRefspec(image, present), /is a container image, not a branch/);
});

test("a rebase follows the new branch, forgets the ref of the old one unless told, and can stay on a commit", async (t) => {
  const { repo, open, third, second } = await hostWithBranch(t);
  ostree("refs", `--repo=${repo}`, "--create=next", second);
  await assert.rejects(rebase(open(), { refspec: `:${ref}` }), /Old and new refs are equal/);
  const kept = await rebase(open(), { refspec: ":next", skipPurge: true, stage: false });
  assert.equal(kept.to.checksum, second);
  assert.equal(originRefspec(open().deployments[0]?.origin), "next");
  assert.equal(ostree("rev-parse", `--repo=${repo}`, ref).trim(), third);
  await rebase(open(), { refspec: `:${ref}`, stage: false });
  assert.throws(() => ostree("rev-parse", `--repo=${repo}`, "next"));
  const customOrigin = { url: "https://example.com/release", description: "a release" };
  await rebase(open(), { refspec: second, customOrigin, stage: false });
  assert.match(originText(open(), 0), /custom-url=https:\/\/example\.com\/release\ncustom-description=a release/);
  assert.equal((await upgrade(open(), { stage: false })).changed, false, "it stays on the commit");
  await assert.rejects(deployRevision(open(), { revision: "13.1" }), /pinned to commit/);
});

test("a host with layered packages is not silently upgraded without them; reset goes back to the base", async (t) => {
  const { repo, first, open, path } = await hostWithBranch(t);
  const layered = ostree(
    "commit",
    `--repo=${repo}`,
    "--orphan",
    `--parent=${first}`,
    "--add-metadata=rpmostree.clientlayer=true",
    `--tree=ref=${first}`,
  ).trim();
  await deploy(open(), { rev: layered, origin: ref });
  const { deployments } = open();
  const text = `[origin]\nbaserefspec=${ref}\n[packages]\nrequested=vim;\n[rpmostree]\ninitramfs-etc=/etc/motd;\n`;
  writeFileSync(`${join(path, `ostree/deploy/debian/deploy/${layered}.0`)}.origin`, text);
  assert.equal(deployments[0]?.checksum, layered);
  await assert.rejects(upgrade(open(), { stage: false }), /no database of packages/);
  await assert.rejects(resetToBase(open(), { initramfs: true, stage: false }), /no database of packages/);
  const done = await resetToBase(open(), { stage: false });
  assert.equal(done?.deployment.checksum, first);
  assert.match(originText(open(), 0), new RegExp(`refspec=${ref}`));
  assert.doesNotMatch(originText(open(), 0), /vim|motd|baserefspec/);
  assert.equal(await resetToBase(open(), { stage: false }), undefined);
});

test("a rollback goes to any version that is kept, by version or by the name of its pin", async (t) => {
  const { open, first, third } = await hostWithBranch(t);
  await setPinned(open(), chooseDeployment(open(), "booted"), true, "known-good");
  await deployRevision(open(), { revision: "13.2", stage: false });
  await setPinned(open(), chooseDeployment(open(), "13.2"), true);
  await upgrade(open(), { stage: false });
  assert.equal(open().deployments.length, 3);
  const versions = () => open().deployments.map(({ checksum }) => checksum);
  await rollback(open(), chooseDeployment(open(), "13.2"));
  const { next, before } = await rollback(open(), chooseDeployment(open(), "known-good"));
  assert.equal(next.checksum, first);
  assert.notEqual(before.checksum, first);
  assert.equal(pinnedName(next.origin), "known-good");
  assert.deepEqual(versions()[0], first);
  assert.ok(versions().includes(third));
  for (const name of ["booted", "7", "abcd", "../x", "a b", ""])
    await assert.rejects(setPinned(open(), chooseDeployment(open(), "0"), true, name), /cannot be the name/);
  await assert.rejects(setPinned(open(), chooseDeployment(open(), "1"), true, "known-good"), /is pinned by the name/);
  await setPinned(open(), next, false);
  assert.throws(() => chooseDeployment(open(), "known-good"), /no deployment/);
});

test("what was held back is let go only as expected", async (t) => {
  const { open } = await hostWithBranch(t);
  await assert.rejects(releaseStaged(open(), {}), /No pending staged deployment/);
  const done = await upgrade(open(), { lockFinalization: true, startFinalizer });
  const checksum = done.deployed!.deployment.checksum;
  assert.equal(open().staged?.finalizationLocked, true);
  await assert.rejects(releaseStaged(open(), { checksum: "0".repeat(64) }), /Expected staged base checksum/);
  assert.equal((await releaseStaged(open(), { checksum })).finalizationLocked, false);
  await assert.rejects(releaseStaged(open(), {}), /already unlocked/);
  await releaseStaged(open(), { allowUnlocked: true });
});

test("an update driver that is alive must be bypassed; its state file is rpm-ostree's", async (t) => {
  const { root, open } = await hostWithBranch(t);
  assert.equal(readUpdateDriver(open()), undefined);
  registerUpdateDriver(open(), "zincati", "zincati.service");
  assert.deepEqual(readUpdateDriver(open()), { name: "zincati", unit: "zincati.service" });
  const bytes = readFileSync(join(root, "run/rpm-ostree/update-driver.gv"));
  assert.ok(bytes.includes("driver-sd-unit"));
  await assert.rejects(
    refuseOtherDriver(open(), async () => true),
    /driven by zincati \(zincati\.service\)/,
  );
  await refuseOtherDriver(open(), async () => false);
  const empty = join(scratch(t), "x");
  assert.throws(() => registerUpdateDriver(initSysroot(root, { stateroot: "x" }), "zincati", empty), /running host/);
});

test("kernel arguments are changed in rpm-ostree's order", () => {
  const changes = {
    delete: ["quiet"],
    append: ["quiet"],
    appendIfMissing: ["rw", "a=1"],
    deleteIfPresent: ["a=2", "x"],
  };
  assert.deepEqual(changeKernelArgs(["rw", "quiet", "x"], changes), ["rw", "quiet", "a=1"]);
  assert.deepEqual(changeKernelArgs(["c=1", "c=2"], { replace: ["c=2=3"] }), ["c=1", "c=3"]);
});
