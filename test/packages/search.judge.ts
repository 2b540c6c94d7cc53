// SPDX-License-Identifier: Apache-2.0
// Searches in a distribution's real metadata, judged by libdnf's queries.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadRepomd, offeredRpms, searchPackages } from "../../src/packages/index.ts";
import { dnfSearch } from "./repomd/dnf-search.ts";

const repository = join(import.meta.dirname, "../../../shared/data/rpm/repodata/centos-stream-9-baseos");

const searches = [
  ["systemd"],
  ["NetworkManager"],
  ["kernel", "modules"],
  ["ssh"],
  ["vim"],
  ["selinux", "policy"],
  ["glibc-lang*"],
  ["python3-lib?mount"],
  ["perl-[IT]*"],
  ["firmware"],
  ["zstd"],
  ["c++"],
  ["(x86"],
];

test(`${searches.length} searches in CentOS Stream find what libdnf finds`, async () => {
  const cache = mkdtempSync(join(tmpdir(), "atomic-search-"));
  try {
    const set = await loadRepomd([{ id: "judged", baseUrls: [repository] }], cache);
    let found = 0;
    for (const words of searches) {
      const { both, name, summary } = searchPackages(offeredRpms(set), words);
      for (const [index, theirs] of dnfSearch(repository, words).entries()) {
        const ours = [both, name, summary][index]!.map((one) => one.name);
        found += ours.length;
        // Of more than 50 rpm-ostree shows some, and so do we.
        if (theirs.length > 50) assert.deepEqual([ours.length, ours.filter((one) => !theirs.includes(one))], [50, []]);
        else assert.deepEqual(ours.toSorted(), theirs, words.join(" "));
      }
    }
    assert.ok(found > 100);
  } finally {
    rmSync(cache, { recursive: true });
  }
});
