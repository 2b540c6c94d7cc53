// SPDX-License-Identifier: Apache-2.0
/** Random requests: on small invented repositories as libsolv's testsolv answers, on CentOS Stream 9 as dnf does. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { loadRepomd, resolveRpms, type RpmPackageSet } from "../../../../src/packages/index.ts";
import { runCase } from "./libsolv-case.ts";
import { randomCase, randomRequest, type RandomRequest } from "./random-case.ts";

const data = join(import.meta.dirname, "../../../../../shared/data/rpm/repodata/centos-stream-9-baseos");
let scratch: string;
before(() => (scratch = mkdtempSync(join(tmpdir(), "atomic-random-"))));
after(() => rmSync(scratch, { recursive: true }));

function testsolv(text: string): string[] {
  const path = join(scratch, "case.t");
  writeFileSync(path, text);
  const printed = execFileSync("testsolv", ["-r", path], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const lines = printed.split("\n").filter((line) => line !== "");
  return [...new Set(lines.map((line) => (line.startsWith("problem ") ? "problem" : line)))].sort();
}

/** What libsolv 0.7.23 of Debian 12 answers otherwise than 0.7.40, which answers as we do: changes of a system, one architecture. */
const answeredAnew: ReadonlySet<number> = new Set([79, 108]);

for (const installed of [false, true]) {
  for (const multilib of [false, true]) {
    const title = `${installed ? "changes of a system" : "empty roots"}${multilib ? ", two architectures" : ""}`;
    test(`200 invented repositories: ${title}`, () => {
      for (let seed = 1; seed <= 200; seed++) {
        if (installed && !multilib && answeredAnew.has(seed)) continue;
        const text = randomCase(seed, { names: 12, installed, multilib });
        const judged = testsolv(text);
        const found = [...runCase(text)[0]!.found];
        // What is left of a request that cannot be met is nobody's concern.
        if (judged.includes("problem") && found.includes("problem")) continue;
        assert.deepEqual(found, judged, `seed ${seed}`);
      }
    });
  }
}

async function solved(set: RpmPackageSet, { specs, weak, exclude }: RandomRequest): Promise<string[] | null> {
  const request = { install: specs, exclude, recommends: weak, architecture: "x86_64" };
  return resolveRpms(set, request).then(
    ({ install }) => install.map((one) => one.package.nevra).sort(),
    (error: { code?: string }) => {
      if (error.code !== "packages-unsolvable" && error.code !== "packages-unknown") throw error;
      return null;
    },
  );
}

/** What dnf answers to requests on the CentOS data. */
function dnf(requests: readonly Partial<RandomRequest>[]): (string[] | null)[] {
  const judge = join(import.meta.dirname, "dnf-judge.py");
  const printed = execFileSync("/usr/bin/python3", [judge, join(scratch, "root"), `baseos=${data}`], {
    encoding: "utf8",
    input: requests.map((one) => JSON.stringify(one)).join("\n"),
    maxBuffer: 1 << 28,
    stdio: ["pipe", "pipe", "ignore"],
  });
  return printed
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as string[] | null);
}

test("200 random requests on CentOS Stream 9", async () => {
  const set = await loadRepomd([{ id: "baseos", baseUrls: [data] }], join(scratch, "cache"));
  const requests = Array.from({ length: 200 }, (_, seed) => randomRequest(seed, set));
  const answers = dnf(requests);
  for (const [at, request] of requests.entries()) {
    assert.deepEqual(await solved(set, request), answers[at], JSON.stringify(request));
  }
});

test("every group and environment of CentOS Stream 9", async () => {
  const set = await loadRepomd([{ id: "baseos", baseUrls: [data] }], join(scratch, "cache"));
  const { groups, environments } = await set.loadComps();
  const requests = [...groups, ...environments].map(({ id }) => ({ specs: [`@${id}`], weak: true, exclude: [] }));
  const answers = dnf(requests);
  for (const [at, request] of requests.entries()) {
    assert.deepEqual(await solved(set, request), answers[at], JSON.stringify(request));
  }
});
