// SPDX-License-Identifier: Apache-2.0
/** What dnf installs from CentOS Stream 9, package for package. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadRepomd, resolveRpms } from "../../../../src/packages/index.ts";

const data = join(import.meta.dirname, "../../../../../shared/data");

interface Judged {
  readonly id: string;
  readonly specs: readonly string[];
  readonly weak: boolean;
  readonly exclude?: readonly string[];
  readonly expect: { readonly install?: readonly string[] };
}

test("133 requests are solved as dnf solves them", async () => {
  const lines = readFileSync(join(data, "solver/centos-stream-9/jobs.jsonl"), "utf8").trim().split("\n");
  assert.equal(lines.length, 133);
  const cache = mkdtempSync(join(tmpdir(), "atomic-solve-"));
  const source = { id: "baseos", baseUrls: [join(data, "rpm/repodata/centos-stream-9-baseos")] };
  for (const { id, specs, weak, exclude = [], expect } of lines.map((line) => JSON.parse(line) as Judged)) {
    // Anew each time: what one request loads is not there for another.
    const set = await loadRepomd([source], cache);
    const request = { install: specs, exclude, recommends: weak, architecture: "x86_64" };
    const solved = await resolveRpms(set, request).then(
      ({ install }) => install.map((one) => one.package.nevra).sort(),
      (error: { code?: string }) => {
        if (error.code !== "packages-unsolvable" && error.code !== "packages-unknown") throw error;
        return undefined;
      },
    );
    assert.deepEqual(solved, expect.install, `${id}: ${specs.join(" ")}`);
  }
});
