// SPDX-License-Identifier: Apache-2.0
/** The same sets as apt-get, on the real archive. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { AtomicError } from "../../../src/base/index.ts";
import { loadApt, type PackageSet, solve } from "../../../src/packages/index.ts";
import { AptJudge } from "../apt-judge.ts";
import { requests, trixie } from "./requests.ts";

let directory: string;
let set: PackageSet;
let judge: AptJudge;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "atomic-solve-"));
  set = await loadApt(trixie, join(directory, "cache"));
  judge = await AptJudge.make(join(directory, "apt"), trixie);
});

after(() => rmSync(directory, { recursive: true, force: true }));

function ours(install: readonly string[], recommends: boolean, essential: boolean): string[] | undefined {
  try {
    const { packages } = solve(set, { install, recommends, essential });
    return packages.map((one) => `${one.package.name} ${one.package.version}`).sort();
  } catch (error) {
    if (error instanceof AtomicError) return undefined;
    throw error;
  }
}

for (const recommends of [false, true]) {
  for (const request of requests) {
    test(`${request.join(" ")}${recommends ? " with Recommends" : ""}`, async () => {
      const essential = solve(set, { install: [], recommends: false, essential: true });
      const roots = essential.packages.filter((one) => one.reason.kind === "request").map((one) => one.package.name);
      assert.deepEqual(
        ours(request, recommends, true),
        await judge.simulate([...roots, ...request], recommends),
        "with the essential packages",
      );
      if (request.length === 0) return;
      assert.deepEqual(ours(request, recommends, false), await judge.simulate(request, recommends), "alone");
    });
  }
}
