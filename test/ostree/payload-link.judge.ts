// SPDX-License-Identifier: Apache-2.0
/** Shared blocks on a file system that has them: Btrfs in a file (needs root, loop devices and btrfs-progs). */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Checksum, checkout, prune, Repo, type RepoMode } from "../../src/ostree/index.ts";
import { commitDirectory, temporary } from "./fixture.ts";

const newest = execFileSync(join(import.meta.dirname, "../../tools/newest-ostree"), { encoding: "utf8" }).trim();
const stock = (...args: string[]) => execFileSync(join(newest, "bin/ostree"), args, { encoding: "utf8" });

function btrfs(scratch: string): { path: string } & Disposable {
  const image = join(scratch, "image");
  const path = join(scratch, "mnt");
  const fd = openSync(image, "w");
  ftruncateSync(fd, 256 << 20);
  closeSync(fd);
  mkdirSync(path);
  execFileSync("mkfs.btrfs", ["-q", image]);
  execFileSync("mount", ["-o", "loop", image, path]);
  return { path, [Symbol.dispose]: () => void execFileSync("umount", [path]) };
}

/** Physical places of a file's blocks. */
function blocks(path: string): string {
  const lines = execFileSync("filefrag", ["-v", path], { encoding: "utf8" }).split("\n");
  return lines.flatMap((line) => /^\s*\d+:\s+\S+\s+\S+:?\s+(\d+\.\.\s*\d+)/.exec(line)?.[1] ?? []).join();
}

function linksOf(repo: Repo): Checksum[] {
  return [...repo.objects()].filter(({ type }) => type === "payload-link").map(({ checksum }) => checksum);
}

for (const mode of ["bare", "bare-user", "bare-user-only"] as const satisfies RepoMode[]) {
  test(`content is shared between tree, objects and copies in mode ${mode}, with stock too`, async () => {
    using scratch = temporary();
    using disk = btrfs(scratch.path);
    const tree = join(disk.path, "tree");
    mkdirSync(tree);
    const large = Buffer.alloc(9 << 20, "large content");
    for (const [name, content] of Object.entries({ small: "x".repeat(20_000), large })) {
      writeFileSync(join(tree, name), content);
      writeFileSync(join(tree, `${name}-program`), content);
      chmodSync(join(tree, `${name}-program`), 0o755);
    }
    writeFileSync(join(tree, "below-threshold"), "x".repeat(5000));
    const repo = Repo.init(join(disk.path, "repo"), mode);
    repo.config.set("core", "payload-link-threshold", "10000");
    repo.saveConfig();
    await commitDirectory(Repo.open(repo.path), tree, "main", { canonicalPermissions: true, workers: 0 });
    execFileSync("sync");
    stock("fsck", `--repo=${repo.path}`);
    assert.equal(linksOf(repo).length, 2);

    await checkout(repo, "main", join(disk.path, "copy"), { copy: true, user: mode !== "bare" });
    execFileSync("sync");
    for (const name of ["small", "large"]) {
      const first = blocks(join(tree, name));
      assert.notEqual(first, "");
      // Both objects share with the first of them, which shares with its source.
      assert.equal(blocks(join(disk.path, "copy", name)), blocks(join(disk.path, "copy", `${name}-program`)), name);
    }
    assert.equal(blocks(join(disk.path, "copy/small")), blocks(join(tree, "small")));

    // A mode that no object has yet: stock finds our links.
    chmodSync(join(tree, "small"), 0o700);
    const commit = ["commit", `--repo=${repo.path}`, "-b", "other", "--owner-uid=0", `--tree=dir=${tree}`];
    stock(...commit, "--no-xattrs");
    assert.equal(linksOf(repo).length, 2);
    repo.setRef("main", undefined);
    repo.setRef("other", undefined);
    prune(Repo.open(repo.path), { refsOnly: true });
    assert.deepEqual([...repo.objects()], []);
  });
}
