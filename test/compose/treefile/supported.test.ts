// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTreefile } from "../../../src/compose/index.ts";
import { refusals } from "../../../src/compose/treefile/supported.ts";

const apt = "apt: [{uri: http://mirror, suites: trixie}]\n";

const refused: [name: string, text: string, key: string, reason: RegExp][] = [
  ["a key of RPM trees", "rpmdb: sqlite\n", "rpmdb", /belongs to RPM trees/],
  ["variables of .repo files", "repovars: {stream: nine}\n", "repovars", /belongs to RPM trees/],
  ["a choice that cannot be done", "boot-location: new\n", "boot-location", /only modules can be done, not new/],
  ["the defaults of 2014", "edition: 2014\n", "edition", /only 2024/],
  ["metadata that apt does not have", "repo-metadata: detached\n", "repo-metadata", /only inline/],
  ["a host's key", "override-remove: [nano]\n", "override-remove", /host's own treefile/],
];

for (const [name, text, key, reason] of refused) {
  test(`parsed, and refused to a compose: ${name}`, () => {
    const [first, ...more] = refusals(parseTreefile(apt + text, "/x/tree.yaml"));
    assert.equal(first?.key, key);
    assert.match(first?.reason ?? "", reason);
    assert.deepEqual(more, []);
  });
}

test("Debian's security tracker is refused to trees of RPM packages", () => {
  const [first] = refusals(parseTreefile("repos: [a]\nsecurity-tracker: {data: a.json}\n", "/x/tree.yaml"));
  assert.equal(first?.key, "security-tracker");
});

test("a treefile of what can be done has nothing to refuse", () => {
  assert.deepEqual(
    refusals(
      parseTreefile(`${apt}edition: 2024\nboot-location: modules\nadvisories-metadata: detached\n`, "/x/tree.yaml"),
    ),
    [],
  );
});
