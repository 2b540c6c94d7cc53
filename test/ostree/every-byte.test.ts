// SPDX-License-Identifier: Apache-2.0
/** Every bit of a small sample of each object turned, and every truncation: refused, or it means the same. */
import assert from "node:assert/strict";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { getXattr, setXattr } from "../../src/base/index.ts";
import { type Checksum, type ObjectType, Repo, type RepoMode } from "../../src/ostree/index.ts";
import { verifyObject } from "../../src/ostree/verify-object.ts";
import { commitDirectory, makeReferenceTree, temporary } from "./fixture.ts";

const sampleLimit = 4096;

/** One small object of each type, by what it holds. */
function samples(repo: Repo): Map<string, { checksum: Checksum; type: ObjectType }> {
  const found = new Map<string, { checksum: Checksum; type: ObjectType }>();
  for (const object of repo.objects()) {
    const kind = object.type === "file" ? describe(repo, object.checksum) : object.type;
    if (kind !== undefined) found.set(kind, object);
  }
  return found;
}

function describe(repo: Repo, checksum: Checksum): string | undefined {
  const { header, size } = repo.loadFile(checksum);
  if (size > sampleLimit) return undefined;
  return `${header.symlink === "" ? "file" : "symlink"}${header.xattrs.length > 0 ? " with attributes" : ""}`;
}

/** Every changed form of `bytes`. */
function* damaged(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const copy = Buffer.from(bytes);
      copy[at] = copy[at]! ^ (1 << bit);
      yield copy;
    }
  }
  for (let length = 0; length < bytes.length; length++) yield bytes.subarray(0, length);
}

async function refusedOrSame(verify: () => Promise<void> | void, what: string): Promise<boolean> {
  try {
    await verify();
    return false;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    assert.match(code, /^(ostree|formats|base)-/, `${what}: ${String(error)}`);
    return true;
  }
}

for (const mode of ["archive", "bare-user"] satisfies RepoMode[]) {
  test(`damage in any place of an object's file: ${mode}`, async () => {
    using scratch = temporary();
    const tree = join(scratch.path, "tree");
    makeReferenceTree(tree);
    const repo = Repo.init(join(scratch.path, "repo"), mode);
    await commitDirectory(repo, tree, "main");
    const kinds = samples(repo);
    const expected = ["commit", "dirmeta", "dirtree", "file", "file with attributes", "symlink"];
    assert.deepEqual([...kinds.keys()].sort(), expected);
    for (const [kind, { checksum, type }] of kinds) {
      const path = repo.objectPath(checksum, type);
      const good = readFileSync(path);
      const verify = () => verifyObject(path, checksum, type, mode);
      let cases = 0;
      let refused = 0;
      for (const bytes of damaged(good)) {
        truncateSync(path, 0);
        writeFileSync(path, bytes);
        cases++;
        // What verifyObject lets pass has the checksum that the object is named by: it means the same.
        if (await refusedOrSame(verify, `${kind} ${bytes.toString("hex")}`)) refused++;
      }
      writeFileSync(path, good);
      // Content has bits without meaning: after deflate's last block, the size of a link, the NUL after its target.
      if (type !== "file") assert.equal(refused, cases, kind);
      else assert.ok(refused > 0.8 * cases, `${kind}: ${refused} of ${cases}`);
      await verify();
    }
  });
}

test("damage in any place of the attribute that keeps owner and mode", async () => {
  using scratch = temporary();
  const tree = join(scratch.path, "tree");
  makeReferenceTree(tree);
  const repo = Repo.init(join(scratch.path, "repo"), "bare-user");
  await commitDirectory(repo, tree, "main");
  for (const [kind, { checksum, type }] of samples(repo)) {
    if (type !== "file") continue;
    const path = repo.objectPath(checksum, type);
    for (const bytes of damaged(getXattr(path, "user.ostreemeta")!)) {
      setXattr(path, "user.ostreemeta", bytes);
      const verify = () => verifyObject(path, checksum, type, "bare-user");
      assert.ok(await refusedOrSame(verify, kind), `${kind}: ${bytes.toString("hex")}`);
    }
  }
});
