// SPDX-License-Identifier: Apache-2.0
/** What dnf makes of an installed system: installs, updates, removals and distro-syncs of packages that rpmbuild made. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  findRpmDatabase,
  loadRepomd,
  readInstalledPackages,
  resolveRpms,
  type RpmPackage,
  type RpmPackageSet,
} from "../../../../src/packages/index.ts";
import { buildRpms, createRepository, type RpmRecipe } from "../../repomd/fixture.ts";
import { generator } from "./random-case.ts";

const count = 200;
const names = Array.from({ length: 12 }, (_, at) => `p${String.fromCodePoint(97 + at)}`);
let scratch: string;
let set: RpmPackageSet;
before(async () => {
  scratch = mkdtempSync(join(tmpdir(), "atomic-system-"));
  writeFileSync(join(scratch, ".rpmmacros"), "%_dbpath /usr/lib/sysimage/rpm\n");
  for (const version of [1, 2, 3]) {
    const recipes = names.map((name, at) => recipe(name, version, generator(97 * version + at)));
    buildRpms(recipes, join(scratch, "repo"));
  }
  createRepository(join(scratch, "repo"));
  set = await loadRepomd([{ id: "repo", baseUrls: [join(scratch, "repo")] }], join(scratch, "cache"));
});
after(() => rmSync(scratch, { recursive: true }));

function recipe(name: string, version: number, random: (limit: number) => number): RpmRecipe {
  const other = () => names[random(names.length)]!;
  const fields: string[] = [];
  if (random(100) < 60) fields.push(`Requires: ${other()}`);
  if (random(100) < 30) fields.push(`Requires: ${other()} >= ${1 + random(3)}`);
  if (random(100) < 15) fields.push(`Requires: ${other()} = ${version}`);
  if (random(100) < 12) fields.push(`Conflicts: ${other()} < ${1 + random(3)}`);
  if (random(100) < 12)
    fields.push(`Obsoletes: ${names[(names.indexOf(name) + 5) % names.length]!} < ${1 + random(3)}`);
  if (random(100) < 25) fields.push(`Recommends: ${other()}`);
  if (random(100) < 10) fields.push(`Supplements: (${other()} and ${other()})`);
  return { name, version: String(version), fields };
}

interface Request {
  readonly root: string;
  readonly action: "install" | "upgrade" | "remove" | "distro-sync";
  readonly specs: readonly string[];
  readonly weak: boolean;
}

/** A root with some of the packages, whether they go together or not, and what is asked of it. */
function randomSystem(seed: number): Request {
  const random = generator(seed + 1000);
  const root = join(scratch, `root${seed}`);
  mkdirSync(root);
  const installed = names.filter(() => random(100) < 50).map((name) => `${name}-${1 + random(3)}-1.noarch.rpm`);
  const rpms = (installed.length > 0 ? installed : ["pa-1-1.noarch.rpm"]).map((file) => join(scratch, "repo", file));
  const options = [
    "--root",
    root,
    "--define",
    "_dbpath /usr/lib/sysimage/rpm",
    "--justdb",
    "--nodeps",
    "--nosignature",
  ];
  execFileSync("rpm", [...options, "--install", "--force", ...rpms], { stdio: ["ignore", "ignore", "ignore"] });
  const some = () => names[random(names.length)]!;
  const owned = () => installed[random(installed.length)]?.slice(0, 2) ?? "pa";
  const weak = random(2) === 0;
  switch (random(5)) {
    case 0:
      return { root, action: "upgrade", specs: [], weak };
    case 1:
      return { root, action: "upgrade", specs: [owned()], weak };
    case 2:
      return { root, action: "remove", specs: [owned()], weak };
    case 3:
      return { root, action: "distro-sync", specs: [], weak };
    default:
      return { root, action: "install", specs: [some(), some()], weak };
  }
}

const nevra = (one: RpmPackage) => `${one.name}-${one.version}.${one.architecture}`;

async function solved({ root, action, specs, weak }: Request): Promise<[string[], string[]] | null> {
  const installed = readInstalledPackages(findRpmDatabase(root)!);
  const request = {
    install: action === "install" ? specs : [],
    recommends: weak,
    architecture: "x86_64",
    installed,
    // Nobody remembers which packages were asked for: dnf takes all of them for wanted.
    userInstalled: installed.map(nevra),
    ...(action === "remove" && { erase: specs }),
    ...(action === "upgrade" && { update: specs }),
    ...(action === "distro-sync" && { distroSync: true }),
  };
  try {
    const { install, update, downgrade, erase } = await resolveRpms(set, request);
    const changes = [...update, ...downgrade];
    const coming = [...install.map((one) => one.package), ...changes.map(({ to }) => to.package)];
    return [coming.map(nevra).sort(), [...erase, ...changes.map(({ from }) => from)].map(nevra).sort()];
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== "packages-unsolvable" && code !== "packages-unknown") throw error;
    return null;
  }
}

test(`${count} random systems are changed as dnf changes them`, async () => {
  const requests = Array.from({ length: count }, (_, seed) => randomSystem(seed));
  const judge = join(import.meta.dirname, "dnf-judge.py");
  const printed = execFileSync("/usr/bin/python3", [judge, join(scratch, "root"), `repo=${join(scratch, "repo")}`], {
    encoding: "utf8",
    env: { HOME: scratch, PATH: process.env["PATH"], LC_ALL: "C.UTF-8" },
    input: requests.map((one) => JSON.stringify(one)).join("\n"),
    stdio: ["pipe", "pipe", "ignore"],
  });
  const answers = printed
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as [string[], string[]] | null);
  const differing: unknown[] = [];
  for (const [at, request] of requests.entries()) {
    const ours = await solved(request);
    try {
      assert.deepEqual(ours, answers[at]);
    } catch {
      differing.push({ ...request, ours, dnf: answers[at] });
    }
  }
  assert.deepEqual(differing, []);
});
