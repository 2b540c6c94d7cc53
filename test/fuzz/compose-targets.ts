// SPDX-License-Identifier: Apache-2.0
/** What whoever writes a treefile, or a repository that has one in its git, may put into it. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeTree } from "../../src/base/index.ts";
import { decodeLockfile, parseTreefile } from "../../src/compose/index.ts";
import { writeGVariant } from "../../src/formats/index.ts";
import {
  changelogFixes,
  decodeSourceSecurity,
  encodeSourceSecurity,
  fixesBetween,
  parseDebianChangelog,
  readTracker,
} from "../../src/packages/index.ts";
import { trackerJson } from "../packages/deb/security/tracker.ts";
import type { FuzzTarget } from "./targets.ts";

const scratch = mkdtempSync(join(tmpdir(), "atomic-fuzz-treefile-"));
process.once("exit", () => removeTree(scratch));
writeFileSync(join(scratch, "base.yaml"), "packages: [bash]\nrepos: [a]\n");
writeFileSync(join(scratch, "x86.yaml"), "packages: [grub2]\n");
writeFileSync(join(scratch, "script.sh"), "true\n");

const yaml = `include: base.yaml
releasever: 42
variables: {edition: server}
ref: a/\${releasever}/\${basearch}
arch-include: {x86_64: [x86.yaml]}
conditional-include:
  - if: [edition == "server", releasever >= 41]
    include: {packages: [kernel, "a b"]}
repo-packages: [{repo: a, packages: [b]}]
packages-x86_64: [grub2]
add-files: [[script.sh, /usr/bin/script]]
postprocess: ["#!/bin/sh\\ntrue"]
remove-from-packages: [[bash, "/usr/share/doc/.*"]]
check-passwd: {type: data, entries: {root: 0}}
`;
const json = JSON.stringify({
  include: ["base.yaml"],
  packages: ["c d"],
  "automatic-version-prefix": "1",
  selinux: true,
});
const lock = JSON.stringify({
  packages: { bash: { evra: "5.2-1.x86_64", digest: `sha256:${"ab".repeat(32)}` }, glibc: { evr: "2.40-1" } },
  metadata: { generated: "2026-01-01T00:00:00Z", rpmmd_repos: { a: { generated: "2026-01-01T00:00:00Z" } } },
});

export const composeTargets: readonly FuzzTarget[] = [
  {
    name: "treefile",
    remote: true,
    seeds: [yaml, json].map((text) => Buffer.from(text)),
    run(bytes) {
      const text = bytes.toString();
      parseTreefile(text, join(scratch, text.startsWith("{") ? "host.json" : "host.yaml"), { basearch: "x86_64" });
    },
  },
  {
    name: "lockfile",
    remote: true,
    seeds: [Buffer.from(lock)],
    run: (bytes) => void decodeLockfile(bytes.toString(), "fuzz.json"),
  },
  {
    name: "security-tracker",
    remote: true,
    seeds: [
      Buffer.from(
        trackerJson({
          curl: { "CVE-2026-1000": { trixie: { fixed_version: "8.14.1-2+deb13u1", urgency: "high" } } },
          linux: { "CVE-2026-2000": { trixie: { status: "open" }, sid: { fixed_version: "6.12-1" } } },
        }),
      ),
    ],
    run(bytes) {
      const releases = new Set(["trixie", "sid"]);
      const fixes = readTracker(bytes, "fuzz", new Map(["curl", "linux"].map((name) => [name, releases])));
      const sources = [...fixes].flatMap(([source, all]) =>
        [...all].map(([release, of]) => ({ source, release, version: "9-1", packages: [], fixes: of })),
      );
      const { type, value } = encodeSourceSecurity(sources);
      writeGVariant(type, value);
      fixesBetween([], decodeSourceSecurity({ type, value }));
    },
  },
  {
    name: "debian-changelog",
    remote: true,
    seeds: [
      Buffer.from(
        "curl (8.14.1-2) trixie; urgency=medium\n\n  * Mend CVE-2026-1000.\n\n -- A <a@b.c>  Tue, 17 Nov 2026 12:00:00 +0000\n",
      ),
    ],
    run: (bytes) => void changelogFixes(parseDebianChangelog(bytes.toString())),
  },
];
