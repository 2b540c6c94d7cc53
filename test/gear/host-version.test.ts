// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { hostVersionPattern, satisfiesHostVersion } from "../../src/gear/host-version.ts";

test("versions of hosts are ordered by their parts, numbers as numbers; what `~` leads to comes before", () => {
  const numbers = ["12", "13~beta", "13", "13.0", "13.4~rc1", "13.4~rc2", "13.4", "13.4.1", "13.10", "14.beta", "14.0"];
  const ordered = [...numbers, "41.20261101.0", "41.20261102.0"];
  for (const [index, one] of ordered.entries()) {
    for (const [at, other] of ordered.entries()) {
      const holds = ["<", "", ">"].map((sign) => satisfiesHostVersion(`${sign}${other}`, one));
      assert.deepEqual(holds, [index < at, index === at, index > at], `${one} ${other}`);
    }
  }
});

test("a version is that one, conditions must all hold, and what is not known satisfies nothing", () => {
  const cases: [string, string | undefined, boolean][] = [
    ["13.4", "13.4", true],
    ["13.4", "13.4.1", false],
    [">=13.4", "13.10", true],
    [">13.4", "13.4", false],
    [">=13.4 <14", "13.9", true],
    [">=13.4,<14", "14.0", false],
    ["<=13", "13", true],
    ["<13.4", "13.3", true],
    [">=13.4", "13.4~rc1", false],
    [">=0", undefined, false],
  ];
  for (const [wanted, version, expected] of cases) {
    assert.equal(satisfiesHostVersion(wanted, version), expected, `${wanted} ${version}`);
  }
});

test("what is no condition is refused, and at once", () => {
  const pattern = new RegExp(`^(?:${hostVersionPattern})$`, "u");
  for (const good of ["13", ">=13.4", ">=13.4, <14", "41.20261101.0"]) assert.match(good, pattern);
  for (const bad of ["", ">=", "=>13", "13 |", "~13", "13  ", `${"1 ".repeat(50_000)}!`])
    assert.doesNotMatch(bad, pattern);
});
