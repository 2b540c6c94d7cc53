// SPDX-License-Identifier: Apache-2.0
/** The same sets as apt-get, on the real archive. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
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

/** The names that `essential` in a request stands for, in its order. */
function essentialNames(): string[] {
  const { packages } = solve(set, { install: [], recommends: false, essential: true });
  return packages.filter((one) => one.reason.kind === "request").map((one) => one.package.name);
}

describe("without Recommends, with the essential packages", { concurrency: 2 }, () => {
  for (const request of requests) {
    test(request.join(" ") || "nothing else", async () => {
      assert.deepEqual(ours(request, false, true), await judge.simulate([...essentialNames(), ...request], false));
    });
  }
});

describe("with Recommends, into nothing", { concurrency: 2 }, () => {
  for (const request of requests.filter((one) => one.length > 0)) {
    test(request.join(" "), async () => {
      assert.deepEqual(ours(request, true, false), await judge.simulate(request, true));
    });
  }
});
