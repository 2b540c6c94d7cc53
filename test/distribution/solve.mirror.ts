// SPDX-License-Identifier: Apache-2.0
/** Hundreds of random requests for packages of the distribution: the same sets as dnf's. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { run } from "../../src/base/index.ts";
import { loadRepomd, resolveRpms } from "../../src/packages/index.ts";
import { Random } from "../fuzz/mutate.ts";
import { makeDistribution } from "./make-distribution.ts";

const scratch = mkdtempSync(join(tmpdir(), "atomic-solve-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

interface Request {
  readonly install: readonly string[];
  readonly recommends: boolean;
}

/** NEVRAs, sorted; `null` where there is no solution. */
type Answer = readonly string[] | null;

const script = `
import dnf, json, sys
answers = []
bases = {}
given = json.load(sys.stdin)
for weak in (True, False):
    base = bases[weak] = dnf.Base()
    base.conf.installroot = given["scratch"] + "/root"
    base.conf.cachedir = given["scratch"] + "/dnf"
    base.conf.install_weak_deps = weak
    base.conf.best = True
    base.conf.substitutions["releasever"] = "1"
    base.repos.add_new_repo("test", base.conf, baseurl=["file://" + given["repo"]])
    base.fill_sack(load_system_repo=False)
for request in given["requests"]:
    base = bases[request["recommends"]]
    base.reset(goal=True)
    try:
        for name in request["install"]: base.install(name)
        base.resolve()
        answers.append(sorted("%s-%s%s-%s.%s" % (one.name, "%d:" % one.epoch if one.epoch else "", one.version, one.release, one.arch)
            for one in base.transaction.install_set))
    except (dnf.exceptions.DepsolveError, dnf.exceptions.MarkingError):
        answers.append(None)
json.dump(answers, sys.stdout)
`;

async function askDnf(repo: string, requests: readonly Request[]): Promise<Answer[]> {
  const input = JSON.stringify({ scratch, repo, requests });
  return JSON.parse((await run("/usr/bin/python3", ["-c", script], { input })).stdout) as Answer[];
}

test("500 random requests are solved as dnf solves them", async () => {
  const { repo } = await makeDistribution(join(scratch, "distribution"), { size: "base", rebuilt: ["sed", "libc6"] });
  const set = await loadRepomd([{ id: "test", baseUrls: [repo] }], join(scratch, "cache"));
  const names = [...set.names()].sort();
  const random = new Random(11);
  const some = () => Array.from({ length: 1 + random.below(6) }, () => random.pick(names));
  const requests = Array.from({ length: 500 }, () => ({ install: some(), recommends: random.below(2) === 0 }));
  const expected = await askDnf(repo, requests);
  assert.ok(expected.includes(null), "some have no solution");
  for (const [at, request] of requests.entries()) {
    const answer: Answer = await resolveRpms(set, { ...request, architecture: "x86_64" }).then(
      ({ install }) => install.map((one) => one.package.nevra).sort(),
      (error: { code?: string }) => {
        if (error.code !== "packages-unsolvable") throw error;
        return null;
      },
    );
    assert.deepEqual(answer, expected[at], request.install.join(" "));
  }
});
