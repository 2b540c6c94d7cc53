// SPDX-License-Identifier: Apache-2.0
/** `compose resolve --installed`: what becomes of a system, as dnf changes it. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { buildRpms, createRepository, type RpmRecipe } from "../../../packages/repomd/fixture.ts";

const source = resolve(import.meta.dirname, "../../../..");
let scratch: string;

const system: readonly RpmRecipe[] = [
  { name: "tool", version: "1", fields: ["Requires: lib = 1"] },
  { name: "lib", version: "1" },
  { name: "plugin", version: "1", fields: ["Requires: tool"] },
  { name: "ahead", version: "3" },
  { name: "ancient", version: "1" },
];
const available: readonly RpmRecipe[] = [
  { name: "tool", version: "2", fields: ["Requires: lib = 2", "Recommends: tool-doc"] },
  { name: "tool-doc", version: "2" },
  { name: "lib", version: "2" },
  { name: "ahead", version: "2" },
  { name: "modern", version: "2", fields: ["Obsoletes: ancient < 2"] },
  { name: "rival", version: "2", fields: ["Conflicts: plugin"] },
  { name: "fresh", version: "2", fields: ["Requires: nothing(has) = 2"] },
  { name: "fresh", version: "1.5", fields: ["Requires: lib >= 1"] },
];

before(() => {
  scratch = mkdtempSync(join(tmpdir(), "resolve-system-"));
  buildRpms(system, join(scratch, "old"));
  for (const version of ["2", "1.5"]) {
    const recipes = available.filter((one) => one.version === version);
    buildRpms(recipes, join(scratch, "repo"));
  }
  createRepository(join(scratch, "repo"));
  const rpms = system.map(({ name, version }) => join(scratch, `old/${name}-${version}-1.noarch.rpm`));
  writeFileSync(join(scratch, ".rpmmacros"), "%_dbpath /usr/lib/sysimage/rpm\n");
  const place = ["--root", join(scratch, "root"), "--define", "_dbpath /usr/lib/sysimage/rpm"];
  execFileSync("rpm", [...place, "--justdb", "--install", "--nosignature", ...rpms]);
  mkdirSync(join(scratch, "empty"));
});
after(() => rmSync(scratch, { recursive: true }));

interface Printed {
  readonly install?: readonly { readonly nevra: string }[];
  readonly update?: readonly { readonly nevra: string; readonly replaces: string }[];
  readonly downgrade?: readonly { readonly nevra: string; readonly replaces: string }[];
  readonly erase?: readonly string[];
}

function atomic(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const program = ["--disable-warning=ExperimentalWarning", join(source, "src/cli/atomic.ts"), "compose", "resolve"];
  const common = ["--repofrompath=base,repo", "--cachedir=cache"];
  return spawnSync(process.execPath, [...program, ...args, ...common], { cwd: scratch, encoding: "utf8" });
}

/** What comes and what goes; `null` when it cannot be. */
function ours(args: readonly string[]): [string[], string[]] | null {
  const { status, stdout, stderr } = atomic(...args, "--installed=root", "--no-recommends", "--json");
  if (status !== 0) {
    assert.match(stderr, /error\[packages-(?:unsolvable|unknown)\]/);
    return null;
  }
  const { install = [], update = [], downgrade = [], erase = [] } = JSON.parse(stdout) as Printed;
  const changed = [...update, ...downgrade];
  const coming = [...install, ...changed].map(({ nevra }) => nevra);
  return [coming.toSorted(), [...erase, ...changed.map(({ replaces }) => replaces)].toSorted()];
}

const requests: readonly (readonly [string[], object])[] = [
  [["--erase=lib"], { action: "remove", specs: ["lib"] }],
  [["--erase=plugin", "--erase=ancient"], { action: "remove", specs: ["plugin", "ancient"] }],
  [["--erase=absent"], { action: "remove", specs: ["absent"] }],
  [["--update=tool"], { action: "upgrade", specs: ["tool"] }],
  [["--update=lib", "--update=ancient"], { action: "upgrade", specs: ["lib", "ancient"] }],
  [["--update=fresh"], { action: "upgrade", specs: ["fresh"] }],
  [["--update-all"], { action: "upgrade", specs: [] }],
  [["--distro-sync"], { action: "distro-sync", specs: [] }],
  [["modern"], { specs: ["modern"] }],
  [["rival"], { specs: ["rival"] }],
  [["rival", "--allow-erasing"], { specs: ["rival"], allowErasing: true }],
  [["rival", "--erase=plugin"], { specs: ["rival"], also: { remove: ["plugin"] }, allowErasing: true }],
  [["modern", "--update=tool"], { specs: ["modern"], also: { upgrade: ["tool"] } }],
  [["fresh"], { specs: ["fresh"] }],
  [["fresh", "--no-best"], { specs: ["fresh"], best: false }],
];

test("installs, updates, removals and a distro-sync come to what dnf comes to", () => {
  const root = join(scratch, "root");
  const lines = requests.map(([, request]) => JSON.stringify({ root, weak: false, ...request }));
  const judge = join(source, "test/packages/rpm/solve/dnf-judge.py");
  const printed = execFileSync("/usr/bin/python3", [judge, join(scratch, "empty"), `base=${join(scratch, "repo")}`], {
    encoding: "utf8",
    env: { HOME: scratch, PATH: process.env["PATH"], LC_ALL: "C.UTF-8" },
    input: lines.join("\n"),
    stdio: ["pipe", "pipe", "ignore"],
  });
  const answers = printed.trim().split("\n");
  assert.equal(answers.length, requests.length);
  for (const [at, [args]] of requests.entries()) {
    assert.deepEqual(ours(args), JSON.parse(answers[at]!), args.join(" "));
  }
});

test("what changes a system is listed below headings", () => {
  const { status, stdout } = atomic("--distro-sync", "--installed=root", "--no-recommends");
  assert.equal(status, 0);
  assert.match(stdout, /^Downgraded:\nahead-2-1\.noarch +replaces ahead-3-1\.noarch$/m);
});

test("what would change a system needs one, and a treefile none", () => {
  const alone = atomic("--erase=lib");
  assert.deepEqual([alone.status, alone.stdout], [2, ""]);
  assert.match(alone.stderr, /--erase without --installed/);
  assert.equal(atomic("--update-all", "--update=lib", "--installed=root").status, 2);
  writeFileSync(join(scratch, "host.yaml"), "packages: [tool]\n");
  const args = ["--disable-warning=ExperimentalWarning", join(source, "src/cli/atomic.ts"), "compose", "resolve"];
  const treefile = spawnSync(process.execPath, [...args, "host.yaml", "--update-all"], {
    cwd: scratch,
    encoding: "utf8",
  });
  assert.match(treefile.stderr, /--update-all is for requests without a treefile/);
});
