// SPDX-License-Identifier: Apache-2.0
/** The distribution of the size that a shell needs: what dnf and rpm make of it. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { run } from "../../src/base/index.ts";
import { DnfJudge } from "./dnf-judge.ts";
import { makeDistribution } from "./make-distribution.ts";
import type { Distribution } from "./model.ts";
import { featurePackages, packageLists } from "./sizes.ts";

let scratch: string;
let distribution: Distribution;
let judge: DnfJudge;

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), "atomic-distribution-"));
  distribution = await makeDistribution(join(scratch, "distribution"), { size: "base" });
  judge = new DnfJudge(join(scratch, "judge"), distribution);
});
after(() => rmSync(scratch, { recursive: true, force: true }));

test("dnf installs it with all signatures checked, and the shell of the root runs", async () => {
  await judge.install([...packageLists.base, ...featurePackages]);
  const { stdout } = await run("chroot", [
    judge.root,
    "/bin/bash",
    "-c",
    "ls / | tr '\\n' ' '; awk 'BEGIN { print 6 * 7 }'",
  ]);
  assert.match(stdout, /^bin boot dev etc home lib lib64 media mnt opt proc root run sbin srv sys tmp usr var 42$/m);
  assert.match(await inRoot("ldconfig -p"), /libc\.so\.6 /);
});

test("rpm finds every file as its package says", async () => {
  assert.deepEqual(await judge.verify(), []);
});

async function inRoot(script: string): Promise<string> {
  return (await run("chroot", [judge.root, "/bin/sh", "-c", script])).stdout;
}
