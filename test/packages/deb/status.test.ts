// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readDpkgStatus } from "../../../src/packages/index.ts";

test("the packages of this machine are those that dpkg-query lists", () => {
  const format = "${Package} ${Version} ${Architecture} ${db:Status-Status}\n";
  const theirs = execFileSync("dpkg-query", ["-W", "-f", format], { maxBuffer: 1 << 26 })
    .toString()
    .trim()
    .split("\n");
  const ours = readDpkgStatus(readFileSync("/var/lib/dpkg/status"));
  const lines = ours.map((one) => `${one.name} ${one.version} ${one.architecture} ${one.state}`);
  assert.deepEqual(lines.sort(), theirs.sort());
});

test("a file without Status, as /var/lib/dpkg/status.d and ours have it, counts as installed", () => {
  const [one] = readDpkgStatus(Buffer.from("Package: a\nVersion: 1\nArchitecture: amd64\n"));
  assert.deepEqual([one?.name, one?.state, one?.fields.get("version")], ["a", "installed", "1"]);
});

test("damage is an error, not a shorter list", () => {
  assert.throws(() => readDpkgStatus(Buffer.from("Package: a\nVersion: 1\ngarbage\n")), { code: "formats-deb822" });
});
