// SPDX-License-Identifier: Apache-2.0
// Packages of extensions.yaml for a base: those that dnf would download for the same root. Needs root.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { composeExtensions, composeTree, parseTreefile } from "../../../src/compose/index.ts";
import { parseExtensions } from "../../../src/compose/extensions/index.ts";
import { Repo } from "../../../src/ostree/index.ts";
import { makeRpms, type RpmSpec, tinyRpmBase } from "../rpm/rpms.ts";

let scratch: string;
const packages: RpmSpec[] = [
  { name: "core", version: "5" },
  { name: "tracer", preamble: "Requires: tracer-libs, core\nRecommends: tracer-doc" },
  { name: "tracer-libs" },
  { name: "tracer-doc" },
  { name: "core-devel", version: "5", preamble: "Requires: compiler" },
  { name: "core-devel", version: "6", preamble: "Requires: compiler" },
  { name: "compiler" },
  { name: "ahead", preamble: "Requires: core >= 6" },
];
before(() => {
  scratch = mkdtempSync(join(tmpdir(), "atomic-extensions-"));
  repository("base", [...tinyRpmBase(), ...packages]);
  repository("newer", [{ name: "core", version: "6" }]);
});
after(() => rmSync(scratch, { recursive: true, force: true }));

function repository(name: string, specs: readonly RpmSpec[]): void {
  const directory = join(scratch, name);
  mkdirSync(directory);
  makeRpms(directory, specs);
  execFileSync("createrepo_c", ["-q", "--revision=7", "--set-timestamp-to-revision", directory]);
  writeFileSync(join(scratch, `${name}.repo`), `[${name}]\nbaseurl=file://${directory}\ngpgcheck=0\n`);
}

const treefile = (more = "") => {
  const head = "ref: tiny/rpm\nbasearch: x86_64\nrepos: [base]\nboot-location: modules\npackages: [shell, core]\n";
  return parseTreefile(`${head}${more}`, join(scratch, "tree.yaml"));
};

/** The base as a root, and what dnf downloads to install packages there. */
function dnfDownloads(root: string, names: readonly string[]): string[] {
  const home = { ...process.env, HOME: join(scratch, "home") };
  mkdirSync(home.HOME, { recursive: true });
  writeFileSync(join(home.HOME, ".rpmmacros"), "%_dbpath /usr/lib/sysimage/rpm\n");
  const from = `--repofrompath=l,file://${join(scratch, "base")}`;
  const options = ["--setopt=reposdir=/nonexistent", "--setopt=l.gpgcheck=0", "--releasever=1", from];
  const dnf = (...args: string[]) =>
    execFileSync("dnf", ["-y", "-q", `--installroot=${root}`, ...options, ...args], {
      env: home,
      stdio: ["ignore", "pipe", "pipe"],
    });
  dnf("install", "shell", "core");
  const target = join(scratch, "dnf-downloads");
  dnf("install", "--downloadonly", `--downloaddir=${target}`, ...names);
  return readdirSync(target).sort();
}

function extensions(text: string): string {
  const path = join(scratch, "extensions.yaml");
  writeFileSync(path, text);
  return path;
}

const all = `repos: [base]
extensions:
  tracing:
    packages: [tracer]
  building:
    kind: development
    packages: [core-devel]
    match-base-evr: core
  other-machine:
    packages: [not-there]
    repos: [nowhere]
    architectures: [s390x]
`;

test("packages come with what they need beyond the base, once", async () => {
  const root = join(scratch, "root");
  const expected = dnfDownloads(root, ["tracer"]);
  const options = {
    treefile: treefile(),
    file: extensions(all),
    outputDir: join(scratch, "out"),
    cacheDir: join(scratch, "cache"),
    base: { rootfs: root },
  };
  const made = await composeExtensions(options);
  assert.equal(made.changed, true);
  const rpms = readdirSync(options.outputDir).filter((name) => name.endsWith(".rpm"));
  assert.deepEqual(rpms.sort(), [...expected, "core-devel-5-1.noarch.rpm"].sort());
  assert.deepEqual(JSON.parse(readFileSync(join(options.outputDir, "extensions.json"), "utf8")), {
    extensions: {
      building: { packages: ["core-devel-5-1"], "match-base-evr": "core", kind: "development" },
      tracing: { packages: ["tracer"], kind: "os-extension" },
    },
    repos: ["base"],
  });
  assert.match(readFileSync(join(options.outputDir, ".rpm-ostree-state-chksum"), "utf8"), /^[0-9a-f]{128}$/);
  assert.equal((await composeExtensions(options)).changed, false);
  const fewer = extensions("extensions: {tracing: {packages: [tracer-libs]}}\n");
  assert.equal((await composeExtensions({ ...options, file: fewer })).changed, true);
});

test("a commit is the base; what does not go with it is an error", async () => {
  const repo = Repo.init(join(scratch, "repo"), "archive");
  const cacheDir = join(scratch, "cache");
  const { commit } = await composeTree({ treefile: treefile(), repo, cacheDir });
  const make = (text: string) =>
    composeExtensions({
      treefile: treefile(),
      file: extensions(text),
      outputDir: join(scratch, "out-commit"),
      cacheDir,
      base: { repo, commit: commit! },
    });
  const { packages: found } = await make("extensions: {tracing: {packages: [tracer]}}\n");
  assert.deepEqual(found, ["tracer-1-1.noarch", "tracer-doc-1-1.noarch", "tracer-libs-1-1.noarch"]);
  await assert.rejects(make("extensions: {a: {packages: [core]}}\n"), {
    code: "compose-extensions",
    message: /core is in the base already/,
  });
  await assert.rejects(make("extensions: {a: {packages: [ahead], repos: [newer]}}\n"), { code: "packages-unsolvable" });
  await assert.rejects(make("extensions: {a: {packages: [x], match-base-evr: kernel}}\n"), {
    message: /match-base-evr: the base has no kernel/,
  });
});

const wrong: [name: string, text: string, message: RegExp][] = [
  ["no map", "- a\n", /it must be a map/],
  ["no extensions", "repos: [a]\n", /extensions must be a map/],
  ["no packages", "extensions: {a: {}}\n", /extensions: a has no packages/],
  ["an unknown kind", "extensions: {a: {packages: [], kind: b}}\n", /kind must be os-extension or development/],
  ["broken YAML", "extensions: {\n", /extensions\.yaml:\d+:\d+: /],
  ["lists without end", `extensions: ${"[".repeat(20_000)}`, /extensions\.yaml:1:\d+: nested more than 64 deep/],
];

for (const [name, text, message] of wrong) {
  test(`refused: ${name}`, () => {
    const base = { basearch: "x86_64", base: new Map() };
    assert.throws(() => parseExtensions(text, "/x/extensions.yaml", base), { code: "compose-extensions", message });
  });
}

test("unknown keys are told", () => {
  const text = "modules: {}\nextensions: {a: {packages: [b], module: c}}\n";
  const { warnings } = parseExtensions(text, "e.yaml", { basearch: "x86_64", base: new Map() });
  assert.deepEqual(warnings, ["e.yaml: unknown key modules", "e.yaml: extensions: a: unknown key module"]);
});
