// SPDX-License-Identifier: Apache-2.0
/** Labels on a real file system, read by getfattr. They need root, but no kernel that enforces them. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Worker } from "node:worker_threads";
import { checkTree, labelTree } from "../../../src/gear/tenant/label-tree.ts";

const options = { skip: process.getuid?.() !== 0 && "only root labels files" };
const label = "system_u:object_r:container_file_t:s0:c100,c200";

function scratch(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "atomic-label-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

/** Paths with their labels, below a directory, as getfattr prints them. */
function labels(path: string): Map<string, string> {
  // It fails where some of the files have none.
  const text = spawnSync("getfattr", ["-R", "-P", "-h", "--absolute-names", "-n", "security.selinux", path], {
    encoding: "utf8",
  }).stdout;
  const blocks = text.split("\n\n").map((block) => /^# file: (.*)\nsecurity\.selinux="(.*)"/m.exec(block));
  return new Map(
    blocks.flatMap((found) => (found === null ? [] : [[found[1]!, found[2]!.replace(/\\000$/, "")] as const])),
  );
}

test(
  "a tree is labelled, with its symlinks, sockets and names of any bytes, and what those lead to is not",
  options,
  (t) => {
    const directory = scratch(t);
    const [tree, outside] = [join(directory, "tree"), join(directory, "outside")];
    mkdirSync(join(tree, "a/b"), { recursive: true });
    mkdirSync(join(tree, "mounted"));
    mkdirSync(outside);
    writeFileSync(join(outside, "file"), "");
    writeFileSync(join(tree, "a/b/file"), "");
    writeFileSync(Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0xff, 0xfe])]), "");
    writeFileSync(join(tree, "new\nline"), "");
    symlinkSync("/etc/passwd", join(tree, "link"));
    symlinkSync(outside, join(tree, "linked-directory"));
    execFileSync("mkfifo", [join(tree, "fifo")]);
    execFileSync("mount", ["--bind", outside, join(tree, "mounted")]);
    try {
      const all = 9;
      assert.deepEqual(labelTree(tree, label), { files: all, changed: all });
      assert.deepEqual(labelTree(tree, label), { files: all, changed: 0 });
      const found = labels(tree);
      assert.equal(found.size, all);
      assert.deepEqual([...new Set(found.values())], [label]);
      for (const name of ["a/b/file", "link", "linked-directory", "fifo"]) assert.ok(found.has(join(tree, name)), name);
      assert.equal(labels(outside).size, 0);
      assert.equal(labels("/etc/passwd").size, 0);
    } finally {
      execFileSync("umount", [join(tree, "mounted")]);
    }
  },
);

test("files with another label are found", options, (t) => {
  const tree = scratch(t);
  for (const name of ["a", "b", "c"]) writeFileSync(join(tree, name), "");
  labelTree(tree, label);
  execFileSync("setfattr", ["-n", "security.selinux", "-v", "system_u:object_r:container_file_t:s0", join(tree, "a")]);
  execFileSync("setfattr", ["-x", "security.selinux", join(tree, "b")]);
  const { count, wrong } = checkTree(tree, label);
  assert.equal(count, 2);
  assert.deepEqual(
    wrong.toSorted((one, other) => (one.path < other.path ? -1 : 1)),
    [
      { path: join(tree, "a"), label: "system_u:object_r:container_file_t:s0" },
      { path: join(tree, "b"), label: undefined },
    ],
  );
});

test("nobody makes root label another file by exchanging directories for symlinks meanwhile", options, async (t) => {
  const directory = scratch(t);
  const [tree, outside, aside] = ["tree", "outside", "aside"].map((name) => join(directory, name));
  mkdirSync(join(tree!, "victim"), { recursive: true });
  mkdirSync(outside!);
  for (let index = 0; index < 50; index++) {
    writeFileSync(join(outside!, `file${index}`), "");
    writeFileSync(join(tree!, "victim", `file${index}`), "");
  }
  const program = `
    const { renameSync, symlinkSync, unlinkSync } = require("node:fs");
    const { workerData: { victim, outside, aside } } = require("node:worker_threads");
    for (;;) {
      renameSync(victim, aside); symlinkSync(outside, victim);
      unlinkSync(victim); renameSync(aside, victim);
    }
  `;
  const workerData = { victim: join(tree!, "victim"), outside, aside };
  const attacker = new Worker(program, { eval: true, workerData });
  await new Promise((online) => attacker.once("online", online));
  for (let round = 0; round < 100; round++)
    labelTree(tree!, `system_u:object_r:container_file_t:s0:c100,c${200 + round}`);
  await attacker.terminate();
  assert.equal(labels(outside!).size, 0);
});

test("directories that are nested without end stop nobody for long", options, (t) => {
  const tree = scratch(t);
  let path = tree;
  for (let depth = 0; depth < 300; depth++) path = join(path, "d");
  mkdirSync(path, { recursive: true });
  assert.throws(() => labelTree(tree, label), { code: "gear-too-deep" });
});
