// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadRepomd } from "../../../src/packages/index.ts";

const repository = join(import.meta.dirname, "../../../../shared/data/rpm/repodata/centos-stream-9-baseos");

const patterns = [
  "bash",
  "bash*",
  "*.i686",
  "glibc.i686",
  "glibc*.x86_64",
  "lib?lk*",
  "lib[bd]*",
  "lib[!a-s]*",
  "python3.9",
  "python3*",
  "bash-5.1.8",
  "bash-5.1.8-2.el9",
  "bash-0:5.1.8-2.el9.x86_64",
  "bash-1:5.1.8-2.el9.x86_64",
  "bash-5.1.8-2.el9.x86_64",
  "bash-5*",
  "bash-*",
  "kernel-[0-9]*",
  "*-devel",
  "*-libs-*.i686",
  "NetworkManager-1:1.*",
  "systemd-*-*.x86_64",
  "libstdc++",
  "nothing-of-this-name",
  "*",
];

const script = `
import dnf, dnf.subject, json, sys
base = dnf.Base()
base.conf.cachedir = sys.argv[2]
base.conf.substitutions["releasever"] = "9"
base.repos.add_new_repo("judged", base.conf, baseurl=["file://" + sys.argv[1]])
base.fill_sack(load_system_repo=False)
for pattern in sys.argv[3:]:
    query = dnf.subject.Subject(pattern).get_best_query(base.sack, with_nevra=True, with_provides=False, with_filenames=False)
    print(json.dumps(sorted(str(p) for p in query)))
`;

test("patterns of packages mean what they mean to dnf", async () => {
  const cache = mkdtempSync(join(tmpdir(), "atomic-repomd-"));
  const set = await loadRepomd([{ id: "baseos", baseUrls: [repository] }], cache);
  const output = execFileSync("/usr/bin/python3", ["-c", script, repository, cache, ...patterns], {
    maxBuffer: 1 << 28,
  });
  const theirs = output
    .toString()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as string[]);
  for (const [at, pattern] of patterns.entries()) {
    const ours = set.matching(pattern).map(String);
    // A few have two builds of one NEVRA.
    assert.deepEqual([...new Set(ours)].sort(), [...new Set(theirs[at])].sort(), pattern);
  }
  rmSync(cache, { recursive: true });
});
