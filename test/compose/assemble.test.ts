// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { assemble, type PackageFiles } from "../../src/compose/assemble.ts";
import { lookup, makeDirectoryNode, makeFileNode, makeSymlinkNode, put, readText } from "../../src/compose/tree.ts";
import type { TreeNode } from "../../src/ostree/index.ts";

function files(name: string, nodes: Record<string, TreeNode | string>, replaces: string[] = []): PackageFiles {
  const data = makeDirectoryNode();
  for (const [path, node] of Object.entries(nodes))
    put(data, path, typeof node === "string" ? makeFileNode(node) : node);
  return { name, data, replaces: (other) => replaces.includes(other), filter: () => false };
}

test("directories unite, and a directory goes where a link of its name leads", () => {
  const { tree, lists } = assemble([
    files("base", { lib: makeSymlinkNode("usr/lib"), run: makeSymlinkNode("/var/run"), "usr/lib/a": "a" }),
    files("other", { "lib/b": "b", "usr/lib/deep/c": "c", "run/d": "d" }),
  ]);
  assert.equal(readText(tree, "usr/lib/b"), "b");
  assert.equal(readText(tree, "usr/lib/deep/c"), "c");
  assert.equal(readText(tree, "var/run/d"), "d");
  assert.deepEqual(lists.get("other"), [
    "/.",
    "/lib",
    "/lib/b",
    "/usr",
    "/usr/lib",
    "/usr/lib/deep",
    "/usr/lib/deep/c",
    "/run",
    "/run/d",
  ]);
});

test("the mode that a package means wins over one that was made up for a parent", () => {
  const directory = makeDirectoryNode({ uid: 0, gid: 4, mode: 0o042750, xattrs: [] });
  const { tree } = assemble([files("one", { "var/log/x": "x" }), files("two", { "var/log": directory })]);
  const node = lookup(tree, "var/log");
  assert.ok(node?.kind === "dir" && node.meta.mode === 0o042750);
});

const conflicts: [
  name: string,
  one: Record<string, TreeNode | string>,
  two: Record<string, TreeNode | string>,
  message: RegExp,
][] = [
  ["other content", { "etc/x": "1" }, { "etc/x": "2" }, /\/etc\/x is in one and in two \(other content\)/],
  ["a file where there is a directory", { "etc/x/y": "1" }, { "etc/x": "2" }, /\/etc\/x is in one and in two/],
  ["a directory where there is a file", { "etc/x": "1" }, { "etc/x/y": "2" }, /\/etc\/x is in one and in two/],
  [
    "the same file by another way",
    { lib: makeSymlinkNode("usr/lib"), "usr/lib/x": "1" },
    { "lib/x": "2" },
    /\/lib\/x is in one and in two/,
  ],
];

for (const [name, one, two, message] of conflicts) {
  test(`refused: ${name}`, () => {
    assert.throws(() => assemble([files("one", one), files("two", two)]), { code: "compose-file-conflict", message });
  });
}

test("what a package replaces is taken over, whichever comes first", () => {
  for (const order of [
    [0, 1],
    [1, 0],
  ] as const) {
    const both = [files("old", { x: "old" }), files("new", { x: "new" }, ["old"])];
    const { tree, lists } = assemble(order.map((index) => both[index]).filter((one) => one !== undefined));
    assert.equal(readText(tree, "x"), "new");
    assert.deepEqual([lists.get("old"), lists.get("new")], [["/."], ["/.", "/x"]]);
  }
});
