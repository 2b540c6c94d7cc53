// SPDX-License-Identifier: Apache-2.0
/**
 * The kernel mounts our composefs image, by stock's mount.composefs, and a soft reboot finds in it what was deployed.
 * Needs root, a kernel with EROFS, and /sysroot to mount on.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { deploy, deploymentPath, directoryId } from "../../src/host/index.ts";
import { newSysroot, ref } from "./fixture.ts";

const newest = execFileSync(join(import.meta.dirname, "../../tools/newest-ostree"), { encoding: "utf8" }).trim();

test("what is mounted for a soft reboot is the deployment, read-only but for its own /etc", async (t) => {
  const files = { "usr/lib/ostree/prepare-root.conf": "[composefs]\nenabled = true\n" };
  const { root, path, sysroot } = newSysroot(t, { version: "13.1", files });
  const { deployment } = await deploy(sysroot, { rev: ref, stateroot: "debian", kernelArgs: ["rw"] });
  const programs = join(root, "bin");
  mkdirSync(programs);
  const library = join(newest, "root/usr/lib/x86_64-linux-gnu");
  const start = `${library}/ld-linux-x86-64.so.2 --library-path ${library} ${newest}/root/usr/sbin/mount.composefs`;
  writeFileSync(join(programs, "mount.composefs"), `#!/bin/sh\nexec ${start} "$@"\n`);
  chmodSync(join(programs, "mount.composefs"), 0o755);
  if (mkdirSync("/sysroot", { recursive: true }) !== undefined) t.after(() => rmdirSync("/sysroot"));
  const child = [process.execPath, ...process.execArgv, join(import.meta.dirname, "next-root-child.ts")];
  const said = execFileSync("unshare", ["--mount", ...child, path, deploymentPath(deployment)], {
    encoding: "utf8",
    env: { ...process.env, PATH: `${programs}:${process.env["PATH"]}` },
  });
  const seen = JSON.parse(said) as Record<"tool" | "motd" | "entry" | "next", string> & { mounts: string[] };
  assert.deepEqual([seen.tool, seen.motd], ["tool 13.1\n", "welcome to 13.1\n"]);
  assert.match(seen.entry, /^title Debian/);
  assert.equal(seen.next, directoryId(sysroot.directory(deployment)));
  assert.deepEqual(
    seen.mounts.map((line) => line.replace(/ (\S+) (r[ow]).*/, " $2")),
    ["/run/nextroot ro", "/run/nextroot/boot rw", "/run/nextroot/etc rw", "/run/nextroot/sysroot ro"],
  );
});
