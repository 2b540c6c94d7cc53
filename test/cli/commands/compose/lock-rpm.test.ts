// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { makeRpms, type RpmSpec } from "../../../compose/rpm/rpms.ts";

const entry = resolve(import.meta.dirname, "../../../../src/cli/atomic.ts");
let scratch: string;
before(() => {
  scratch = mkdtempSync(join(tmpdir(), "lock-rpm-"));
  const one = (name: string, version: string, preamble = "Epoch: 1"): RpmSpec => {
    return { name, version, preamble, files: { [`/usr/share/${name}`]: version } };
  };
  repository("base", [one("app", "1", "Requires: lib"), one("lib", "1"), one("lib", "2"), one("lib", "3")]);
  repository("pool", [one("lib", "2.5"), one("app", "9", "Requires: lib")]);
  const text = "ref: tiny\nbasearch: x86_64\nrepos: [base]\nlockfile-repos: [pool]\npackages: [app]\n";
  writeFileSync(join(scratch, "tree.yaml"), text);
});
after(() => rmSync(scratch, { recursive: true }));

function repository(id: string, specs: readonly RpmSpec[]): void {
  const directory = join(scratch, id);
  mkdirSync(directory);
  const build = join(scratch, `${id}-build`);
  for (const path of makeRpms(build, specs)) renameSync(path, join(directory, basename(path)));
  execFileSync("createrepo_c", ["-q", directory]);
  writeFileSync(join(scratch, `${id}.repo`), `[${id}]\nbaseurl=file://${directory}\ngpgcheck=0\n`);
}

function atomic(...args: string[]) {
  const argv = ["--disable-warning=ExperimentalWarning", entry, "compose", ...args, "--cachedir=cache"];
  return spawnSync(process.execPath, argv, { cwd: scratch, encoding: "utf8" });
}

const resolved = (...options: string[]) => {
  const { stdout, stderr, status } = atomic("resolve", "tree.yaml", "--json", ...options);
  assert.equal(status, 0, stderr);
  return (JSON.parse(stdout) as { install: { nevra: string }[] }).install.map(({ nevra }) => nevra).toSorted();
};

test("RPM packages are locked with the digests of their repository, and held there", () => {
  const first = atomic("lock", "tree.yaml");
  assert.equal(first.status, 0, first.stderr);
  const lock = JSON.parse(readFileSync(join(scratch, "tree-lock.x86_64.json"), "utf8")) as {
    packages: Record<string, { evra: string; digest: string; metadata: unknown }>;
    metadata: { rpmmd_repos: Record<string, unknown> };
  };
  assert.deepEqual(Object.keys(lock.packages), ["app", "lib"]);
  assert.equal(lock.packages["lib"]?.evra, "1:3-1.noarch");
  const sum = execFileSync("sha256sum", [join(scratch, "base/lib-3-1.noarch.rpm")], { encoding: "utf8" });
  assert.equal(lock.packages["lib"]?.digest, `sha256:${sum.slice(0, 64)}`);
  assert.deepEqual(lock.packages["lib"]?.metadata, { sourcerpm: "lib" });
  assert.deepEqual(Object.keys(lock.metadata.rpmmd_repos), ["base"]);
  assert.equal(atomic("lock", "tree.yaml", "--check").status, 0);
  writeFileSync(join(scratch, "old.yaml"), "packages: {lib: {evr: '1:2-1'}}\n");
  assert.deepEqual(resolved("--lockfile=tree-lock.x86_64.json", "--lockfile=old.yaml"), [
    "app-1-1.noarch",
    "lib-1:2-1.noarch",
  ]);
});

test("a repository of locked packages gives those and no others", () => {
  assert.deepEqual(resolved(), ["app-1-1.noarch", "lib-1:3-1.noarch"]);
  writeFileSync(join(scratch, "pool.yaml"), "packages: {lib: {evra: 1:2.5-1.noarch}}\n");
  assert.deepEqual(resolved("--lockfile=pool.yaml"), ["app-1-1.noarch", "lib-1:2.5-1.noarch"]);
});

test("a lock that nothing fits is told", () => {
  writeFileSync(join(scratch, "gone.yaml"), "packages: {lib: {evr: '7-1'}}\n");
  const { status, stderr } = atomic("resolve", "tree.yaml", "--lockfile=gone.yaml", "--progress=plain");
  assert.equal(status, 1);
  assert.match(stderr, /locked package lib 7-1 is not in the repositories; there is 1:\S+ \(base\)/);
});
