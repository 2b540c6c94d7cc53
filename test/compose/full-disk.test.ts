// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { composeTree, parseTreefile } from "../../src/compose/index.ts";
import { Repo } from "../../src/ostree/index.ts";
import { TestArchive, tinyBase } from "./archive.ts";

/** Sizes at which the disk fills at another step each: download, import, assembly and scripts. */
const sizes = ["4m", "9m", "14m", "19m"];

test("a full disk is an error that says so, nothing is committed, and the next run works", async () => {
  const scratch = mkdtempSync(join(tmpdir(), "full-disk-"));
  const cacheDir = join(scratch, "cache");
  mkdirSync(cacheDir);
  const repo = Repo.init(join(scratch, "repo"), "archive");
  const archive = new TestArchive(scratch);
  try {
    await archive.publish([
      ...tinyBase(),
      { name: "large", files: { "/usr/share/large": { content: Buffer.alloc(4 << 20, "x") } } },
    ]);
    const treefile = parseTreefile(
      `ref: tiny/host\nbasearch: x86_64\n${archive.apt}packages: [large]`,
      join(scratch, "t.yaml"),
    );
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "none", cacheDir]);
    for (const size of sizes) {
      execFileSync("mount", ["-o", `remount,size=${size}`, cacheDir]);
      await assert.rejects(composeTree({ treefile, repo, cacheDir }), /ENOSPC|No space left/i, size);
      assert.deepEqual([...repo.listRefs()], []);
    }
    execFileSync("mount", ["-o", "remount,size=100m", cacheDir]);
    const { commit } = await composeTree({ treefile, repo, cacheDir });
    assert.equal(repo.resolve("tiny/host"), commit);
    execFileSync("ostree", ["fsck", "-q", `--repo=${repo.path}`]);
  } finally {
    await archive[Symbol.asyncDispose]();
    execFileSync("umount", [cacheDir]);
    rmSync(scratch, { recursive: true });
  }
});
