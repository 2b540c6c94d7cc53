// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { renderCommitDifference } from "../../../src/cli/render/compose-diff.ts";
import type { CommitDifference } from "../../../src/compose/index.ts";
import type { Checksum } from "../../../src/ostree/index.ts";

const difference: CommitDifference = {
  from: { commit: "a".repeat(64) as Checksum, version: "13.1" },
  to: { commit: "b".repeat(64) as Checksum },
  packages: {
    upgraded: [{ name: "podman", architecture: "amd64", from: "5.0", to: "5.1" }],
    downgraded: [],
    added: [{ name: "new", version: "1", architecture: "all" }],
    removed: [],
  },
  files: [
    { kind: "changed", path: "/usr/bin/podman", from: 1000, to: 3000 },
    { kind: "added", path: "/usr/share/doc/new/a", to: 300 },
    { kind: "removed", path: "/usr/share/doc/old/b", from: 500 },
  ],
  growth: 1800,
};
const style = { terminal: false, color: false, columns: 80, verbose: false };

test("a comparison is told with its packages and the places that changed most", () => {
  assert.equal(
    renderCommitDifference(difference, false, style).replaceAll("\u00a0", " "),
    `   From: 13.1 (aaaaaaaaaaaa)
     To: bbbbbbbbbbbb
  Files: 1 changed, 1 added, 1 removed
   Size: +1.8 kB
  Upgraded (1)
    podman  5.0 → 5.1
  Added (1)
    new  1
  Largest changes
       +2.0 kB  /usr/bin/podman
    -200 bytes  /usr/share/doc (2 files)`,
  );
});

test("all files are listed when asked for", () => {
  assert.match(renderCommitDifference(difference, true, style), /\n {2}A \+300 bytes {2}\/usr\/share\/doc\/new\/a\n/);
});
