// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { diffPackages, isEmptyDiff, type PackageVersion } from "../../src/host/index.ts";

const packages = (...list: string[]): PackageVersion[] =>
  ["dpkg 1.22 amd64", ...list].map((line) => {
    const [name, version, architecture = "amd64"] = line.split(" ") as [string, string, string?];
    return { name, version, architecture };
  });

test("changes are told by Debian's version order", () => {
  const diff = diffPackages(
    packages("b 1.9", "a 2:1", "gone 1", "same 1~rc1"),
    packages("a 1:9", "b 1.10", "same 1~rc1", "new 1"),
  );
  assert.deepEqual(diff.upgraded, [{ name: "b", architecture: "amd64", from: "1.9", to: "1.10" }]);
  assert.deepEqual(
    diff.downgraded.map(({ name }) => name),
    ["a"],
  );
  assert.deepEqual(
    diff.added.map(({ name }) => name),
    ["new"],
  );
  assert.deepEqual(
    diff.removed.map(({ name }) => name),
    ["gone"],
  );
});

test("a move between all and the own architecture is an upgrade; a foreign one is another package", () => {
  const diff = diffPackages(packages("x 1 all", "libc6 1 i386"), packages("x 2", "libc6 1"));
  assert.deepEqual([diff.upgraded.length, diff.added.length, diff.removed.length], [1, 1, 1]);
  assert.ok(isEmptyDiff(diffPackages(packages("x 1 all"), packages("x 1"))));
});
