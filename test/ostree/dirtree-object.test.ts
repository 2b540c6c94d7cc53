// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { readGVariant } from "../../src/formats/index.ts";
import { type Checksum, decodeDirTree, type DirTree, encodeDirTree } from "../../src/ostree/index.ts";

const checksum = (digit: string) => digit.repeat(64) as Checksum;

function treeOf(files: readonly string[], dirs: readonly string[]): DirTree {
  return {
    files: files.map((name, index) => ({ name, checksum: checksum("0123456789"[index % 10]!) })),
    dirs: dirs.map((name) => ({ name, tree: checksum("a"), meta: checksum("b") })),
  };
}

const long = (character: string) => character.repeat(255);
const many = (count: number) => Array.from({ length: count }, (_, index) => `file-${String(index).padStart(6, "0")}`);

const trees: Record<string, DirTree> = {
  empty: treeOf([], []),
  "one file": treeOf(["a"], []),
  "one directory": treeOf([], ["a"]),
  "names of every kind": treeOf(["!", "...", ".a", "a b", "é", "日本"], ["-", "..b", "b", "c"]),
  "long names": treeOf([long("a"), long("b")], [long("c")]),
  "offsets of two bytes": treeOf(
    many(10),
    many(9).map((name) => `x${name}`),
  ),
  "offsets of four bytes": treeOf(many(3000), ["dir"]),
};

test("what was encoded is decoded, and the same to the last byte", () => {
  for (const [name, tree] of Object.entries(trees)) {
    const bytes = encodeDirTree(tree);
    assert.deepEqual(decodeDirTree(bytes, name), tree);
    const [files] = readGVariant("(a(say)a(sayay))", bytes, name) as [unknown[], unknown[]];
    assert.equal(files.length, tree.files.length);
  }
});

/** Nothing that decodes may have a second form: its checksum would not tell what it is. */
function checkOneForm(bytes: Buffer): void {
  let tree: DirTree;
  try {
    tree = decodeDirTree(bytes, "damaged");
  } catch (error) {
    assert.match(
      String((error as { code?: string }).code),
      /^(formats-gvariant-malformed|ostree-(corrupt-object|bad-name|bad-checksum))$/,
    );
    return;
  }
  assert.ok(encodeDirTree(tree).equals(bytes), bytes.toString("hex"));
}

test("damage is refused or gives another tree, whose only form it is", () => {
  for (const tree of Object.values(trees)) {
    const bytes = encodeDirTree(tree);
    if (bytes.length > 2000) continue;
    for (let at = 0; at < bytes.length; at++) {
      checkOneForm(bytes.subarray(0, at));
      for (const bit of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
        const damaged = Buffer.from(bytes);
        damaged[at]! ^= bit;
        checkOneForm(damaged);
      }
    }
  }
});
