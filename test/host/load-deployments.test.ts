// SPDX-License-Identifier: Apache-2.0
// Needs root: deployments have owners and the immutable flag.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { deploy, hostError, status, Sysroot } from "../../src/host/index.ts";
import { bootInto, commitTree, newSysroot, ref } from "./fixture.ts";

test("reading needs no lock: while deployments are swapped, one whole state or the other is seen", async (t) => {
  const { root, path, repo, sysroot } = newSysroot(t);
  await deploy(sysroot, { rev: ref, stateroot: "debian" });
  commitTree(repo, root, { version: "13.2", kernel: "2" });
  await deploy(sysroot, { rev: ref });
  const child = join(import.meta.dirname, "rollback-child.ts");
  let swapping = true;
  const swaps = (async () => {
    for (let count = 0; count < 4; count++) {
      await promisify(execFile)(process.execPath, [...process.execArgv, child, path]);
    }
    swapping = false;
  })();
  const seen = new Set<string>();
  while (swapping) {
    for (let count = 0; count < 20; count++) {
      const versions = status(Sysroot.open(path)).deployments.map(({ version }) => version);
      assert.equal(versions.length, 2);
      seen.add(versions.join(" "));
    }
    await sleep(1);
  }
  await swaps;
  assert.deepEqual([...seen].sort(), ["13.1 13.2", "13.2 13.1"]);
});

test("damage is named, and it is not taken for an empty host", async (t) => {
  const { root, path, sysroot } = newSysroot(t);
  assert.throws(
    () => Sysroot.open(root),
    (error) => hostError.is(error, "not-a-sysroot"),
  );
  assert.deepEqual(sysroot.deployments, []);
  const { deployment } = await deploy(sysroot, { rev: ref, stateroot: "debian" });
  const bad = (error: unknown) => hostError.is(error, "bad-sysroot");

  const entries = join(path, "boot/loader/entries");
  writeFileSync(join(entries, "ostree-9.conf"), "title x\nversion 9\noptions ostree=/ostree/boot.1/../../etc/0\n");
  assert.throws(() => Sysroot.open(path), bad);
  writeFileSync(join(entries, "ostree-9.conf"), "title x\nversion 9\noptions rw\n");
  assert.throws(() => Sysroot.open(path), bad);
  rmSync(join(entries, "ostree-9.conf"));

  const running = bootInto(root, path).running;
  renameSync(entries, `${entries}.away`);
  mkdirSync(entries);
  assert.throws(() => Sysroot.open(path, running), bad, "booted, but no entry");
  rmSync(entries, { recursive: true });
  renameSync(`${entries}.away`, entries);

  renameSync(join(path, "ostree/boot.1"), join(path, "ostree/boot.away"));
  assert.throws(() => Sysroot.open(path), bad);
  renameSync(join(path, "ostree/boot.away"), join(path, "ostree/boot.1"));
  assert.equal(Sysroot.open(path).deployments[0]?.checksum, deployment.checksum);
});
