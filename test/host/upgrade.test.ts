// SPDX-License-Identifier: Apache-2.0
// Needs root: deployments have owners and the immutable flag.
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  cleanup,
  deploy,
  fetchRevision,
  finalizeStaged,
  hostError,
  previewUpgrade,
  status,
  Sysroot,
  upgrade,
} from "../../src/host/index.ts";
import { ostree, ref } from "./fixture.ts";
import { hostAndServer, origin, releases } from "./served-host.ts";

const startFinalizer = async () => {};

test("a preview says what would change and changes nothing; the upgrade does it", async (t) => {
  const { release, running } = await hostAndServer(t);
  assert.equal((await previewUpgrade(running())).changed, false);
  assert.equal((await upgrade(running(), { startFinalizer })).deployed, undefined);

  const second = release({ ...releases[1]! });
  const preview = await previewUpgrade(running());
  assert.deepEqual([preview.changed, preview.to.checksum, preview.to.version], [true, second, "13.2"]);
  assert.equal(preview.packages, undefined, "without the list in the commit, packages are known after the download");
  assert.equal(running().deployments.length, 1);
  assert.equal(status(running()).deployments[0]?.["pending-base-version"], "13.2");

  const sysroot = running();
  const done = await upgrade(sysroot, { startFinalizer });
  assert.equal(done.deployed?.swap, "staged");
  assert.deepEqual(done.packages?.upgraded, [{ name: "podman", architecture: "amd64", from: "5.4", to: "5.10" }]);
  assert.deepEqual(done.packages?.downgraded, [{ name: "sane", architecture: "amd64", from: "2", to: "1" }]);
  assert.deepEqual(
    done.packages?.added.map(({ name }) => name),
    ["new"],
  );
  assert.deepEqual(
    done.packages?.removed.map(({ name }) => name),
    ["old"],
  );
  await finalizeStaged(sysroot);
  const after = running();
  assert.deepEqual([after.booted?.checksum, after.booted?.kernelArgs.join(" ")], [second, "rw quiet"]);
  assert.equal((await upgrade(after, { startFinalizer })).changed, false);
});

test("a preview knows the packages when the commit lists them, and fetches nothing else", async (t) => {
  const { release, running, remote } = await hostAndServer(t);
  const list = (version: string) =>
    `--add-metadata=atomic.packages=[("podman","${version}","amd64"),("dpkg","1","amd64")]`;
  for (const version of ["5.9", "5.10"]) {
    const base = release({ version: `13.${version}` });
    const args = ["commit", `--repo=${remote}`, `--branch=${ref}`, "--no-bindings", `--tree=ref=${base}`];
    ostree(...args, list(version), `--add-metadata-string=version=13.${version}`);
    if (version === "5.9") await deploy(running(), { rev: await fetchRevision(running(), origin, "13.5.9"), origin });
  }
  const sysroot = running();
  const found = await previewUpgrade(sysroot);
  assert.deepEqual(found.packages?.upgraded, [{ name: "podman", architecture: "amd64", from: "5.9", to: "5.10" }]);
  assert.equal(found.packages?.removed.length, 0);
  assert.equal(sysroot.repo.isPartial(found.to.checksum), true);
  await cleanup(sysroot, {});
  assert.equal(
    (await previewUpgrade(running())).to.version,
    "13.5.10",
    "a clean-up does not mind what was only looked at",
  );
  assert.equal((await upgrade(running(), { startFinalizer })).deployed?.swap, "staged");
});

test("an older commit than the present one is refused unless asked for", async (t) => {
  const { release, running } = await hostAndServer(t);
  const old = release({ version: "13.0", timestamp: "2026-10-01T00:00:00Z" });
  await assert.rejects(upgrade(running(), { startFinalizer }), (error) => hostError.is(error, "downgrade"));
  const done = await upgrade(running(), { startFinalizer, allowDowngrade: true });
  assert.equal(done.deployed?.deployment.checksum, old);
});

test("a version of the branch's history is found and pulled", async (t) => {
  const { release, running } = await hostAndServer(t);
  const wanted = release({ ...releases[1]! });
  release({ version: "13.3" });
  const sysroot = running();
  assert.equal(await fetchRevision(sysroot, origin, "13.2"), wanted);
  assert.equal(sysroot.repo.isPartial(wanted), false);
  assert.equal(await fetchRevision(sysroot, origin, `revision=${wanted}`), wanted);
  await assert.rejects(fetchRevision(sysroot, origin, "14.0"), (error) => hostError.is(error, "no-version"));
  const { deployment } = await deploy(sysroot, { rev: wanted, stage: true, startFinalizer });
  assert.equal(deployment.checksum, wanted);
});

test("a download that fails leaves the host as it was, and the next one works", async (t) => {
  const { remote, release, path, running } = await hostAndServer(t);
  const second = release({ ...releases[1]! });
  const tool = ostree("ls", "-C", `--repo=${remote}`, second, "/usr/bin/tool").split(/\s+/)[4]!;
  const object = join(remote, "objects", tool.slice(0, 2), `${tool.slice(2)}.filez`);
  writeFileSync(object, "garbage");
  await assert.rejects(upgrade(running(), { startFinalizer }));
  rmSync(object);
  await assert.rejects(upgrade(running(), { startFinalizer }));
  assert.deepEqual(
    running().deployments.map(({ staged }) => staged),
    [false],
  );
  ostree("admin", "status", `--sysroot=${path}`);
  release({ version: "13.3", kernel: "newer" });
  assert.equal((await upgrade(running(), { startFinalizer })).to.version, "13.3");
});

test("a host without an origin says how to get one", async (t) => {
  const { path, running } = await hostAndServer(t);
  const { checksum } = running().requireBooted();
  rmSync(join(path, `ostree/deploy/debian/deploy/${checksum}.0.origin`));
  await assert.rejects(upgrade(running(), { startFinalizer }), (error) => hostError.is(error, "no-origin"));
});

test("clean-up takes back what is staged, gives up what is behind, and prunes", async (t) => {
  const { path, release, running } = await hostAndServer(t);
  const second = release({ ...releases[1]! });
  const sysroot = running();
  await upgrade(sysroot, { startFinalizer });
  const kept = await cleanup(sysroot, { rollback: true });
  assert.deepEqual(kept.deployments, []);
  assert.notEqual(sysroot.staged, undefined, "what is staged stays unless asked for");
  const report = await cleanup(sysroot, { pending: true });
  assert.deepEqual(report.deployments, [`debian ${second}.0`]);
  assert.equal(sysroot.staged, undefined);

  await deploy(sysroot, { rev: second });
  const next = running();
  await cleanup(next, { rollback: true });
  assert.deepEqual(
    Sysroot.open(path).deployments.map(({ checksum }) => checksum),
    [second],
  );
  ostree("fsck", "-q", `--repo=${path}/ostree/repo`);
});
