// SPDX-License-Identifier: Apache-2.0
// Overlays that make parts of a deployment writable. Needs root.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { setXattr, unmount } from "../../src/base/index.ts";
import { deploy, hostError, pruneOverlay, Sysroot, unlock } from "../../src/host/index.ts";
import { bootInto, newSysroot, ref, scratch } from "./fixture.ts";

test("unlocked for development, /usr takes changes that the deployment does not keep", async (t) => {
  const { path, root, sysroot } = newSysroot(t);
  await deploy(sysroot, { rev: ref, stateroot: "debian", kernelArgs: ["rw"], origin: ref });
  const running = bootInto(root, path);
  const usr = join(running.directory(running.requireBooted()), "usr");
  await unlock(running, "development");
  try {
    rmSync(join(usr, "bin/tool"));
    writeFileSync(join(usr, "bin/new"), "tried out");
    assert.equal(Sysroot.open(path, running.running).booted?.unlocked, "development");
    await assert.rejects(unlock(running, "hotfix"), (error) => hostError.is(error, "in-use"));
  } finally {
    unmount(usr);
  }
  assert.deepEqual([existsSync(join(usr, "bin/tool")), existsSync(join(usr, "bin/new"))], [true, false]);
});

test("a hotfix is noted in the origin and leaves a deployment to go back to", async (t) => {
  const { path, root, sysroot, first } = newSysroot(t);
  await deploy(sysroot, { rev: ref, stateroot: "debian", kernelArgs: ["rw"], origin: ref });
  const running = bootInto(root, path);
  const tree = running.directory(running.requireBooted());
  await unlock(running, "hotfix");
  try {
    writeFileSync(join(tree, "usr/bin/fix"), "fixed");
    const { deployments } = Sysroot.open(path, running.running);
    assert.deepEqual(
      deployments.map(({ checksum, serial, booted, unlocked }) => [checksum, serial, booted, unlocked]),
      [
        [first, 0, true, "hotfix"],
        [first, 1, false, "none"],
      ],
    );
  } finally {
    unmount(join(tree, "usr"));
  }
  assert.equal(readFileSync(join(tree, ".usr-ovl-upper/bin/fix"), "utf8"), "fixed");
});

test("in a state overlay the version's own files win, other files and directories stay", (t) => {
  const root = scratch(t);
  const write = (path: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), path);
  };
  for (const path of ["lower/app/program", "lower/app/opaque/x", "lower/app/plain"]) write(path);
  for (const path of ["upper/app/program", "upper/app/state", "upper/app/opaque/y", "upper/app/plain/z", "upper/own/a"])
    write(path);
  setXattr(join(root, "upper/app/opaque"), "trusted.overlay.opaque", Buffer.from("y"));
  pruneOverlay(join(root, "lower"), join(root, "upper"));
  const left = ["app/program", "app/state", "app/opaque", "app/plain", "own/a"];
  assert.deepEqual(
    left.filter((path) => existsSync(join(root, "upper", path))),
    ["app/state", "own/a"],
  );
});
