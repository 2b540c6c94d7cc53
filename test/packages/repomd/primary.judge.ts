// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadRepomd, type RpmPackageSet } from "../../../src/packages/index.ts";
import { dnfPackages, factsOf, type PackageFacts } from "./dnf-packages.ts";

const data = join(import.meta.dirname, "../../../../shared/data/rpm/repodata");

const repositories: readonly (readonly [name: string, count: number])[] = [
  ["centos-stream-9-baseos", 1125],
  ["createrepo_c-repo_00", 0],
  ["createrepo_c-repo_02", 2],
  ["createrepo_c-repo_with_additional_metadata", 1],
  ["createrepo_c-repo_with_duplicate_packages", 4],
  ["opensuse-10.2-updates-subset", 22],
];

/** Check sums of the packages that have each file. */
function ownersIn(packages: readonly PackageFacts[]): Map<string, string[]> {
  const owners = new Map<string, Set<string>>();
  for (const { checksum, files, arch } of packages) {
    // Files of a source package have no directory; dnf makes one of it.
    if (arch === "src") continue;
    for (const path of files as string[]) owners.set(path, (owners.get(path) ?? new Set()).add(String(checksum)));
  }
  return new Map([...owners].sort().map(([path, sums]) => [path, [...sums].sort()]));
}

async function ownersOf(set: RpmPackageSet, judged: readonly PackageFacts[]): Promise<Map<string, string[]>> {
  const paths = [...ownersIn(judged).keys()];
  for (const path of paths) set.withFile(path);
  await set.loadFilelists();
  assert.deepEqual(set.unknownPaths, []);
  return new Map(
    paths.map((path) => [path, [...new Set(set.withFile(path).map(({ checksum }) => checksum.hex))].sort()]),
  );
}

for (const [name, count] of repositories) {
  test(`every field and every file of every package of ${name} is what dnf reads`, async () => {
    const cache = mkdtempSync(join(tmpdir(), "atomic-repomd-"));
    try {
      const repository = join(data, name);
      const set = await loadRepomd([{ id: name, baseUrls: [repository] }], cache);
      assert.equal(set.count, count);
      const ours = new Map(set.all().map((one) => [one.checksum.hex, factsOf(one)]));
      const judged = dnfPackages(repository);
      for (const { files: _, ...theirs } of judged) assert.deepEqual(ours.get(String(theirs["checksum"])), theirs);
      assert.deepEqual(await ownersOf(set, judged), ownersIn(judged));
    } finally {
      rmSync(cache, { recursive: true });
    }
  });
}

test("what dnf refuses is refused: a primary.xml of another check sum", async () => {
  const cache = mkdtempSync(join(tmpdir(), "atomic-repomd-"));
  const source = { id: "repo_01", baseUrls: [join(data, "createrepo_c-repo_01")] };
  await assert.rejects(loadRepomd([source], cache), { code: "packages-bad-index" });
  assert.throws(() => dnfPackages(source.baseUrls[0]!), /Failed to download metadata/);
  rmSync(cache, { recursive: true });
});

test("a repository without filelists is read", async () => {
  const cache = mkdtempSync(join(tmpdir(), "atomic-repomd-"));
  const set = await loadRepomd([{ id: "virtualbox", baseUrls: [join(data, "opensuse-11.1-virtualbox")] }], cache);
  assert.equal(set.count, 78);
  rmSync(cache, { recursive: true });
});
