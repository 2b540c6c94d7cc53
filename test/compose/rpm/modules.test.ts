// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { parseTreefile } from "../../../src/compose/index.ts";
import { resolveRpmTreefile } from "../../../src/compose/rpm/resolve.ts";
import { requireSupported } from "../../../src/compose/treefile/supported.ts";
import { buildRpms, createRepository } from "../../packages/repomd/fixture.ts";

const work = mkdtempSync(join(tmpdir(), "atomic-modules-"));
after(() => rmSync(work, { recursive: true }));

const stream = (name: string, version: string) => `---
document: modulemd
version: 2
data: {name: tool, stream: "${name}", version: 1, context: c, arch: x86_64,
  summary: tool, description: tool, license: {module: [MIT]},
  dependencies: [{requires: {platform: [el9]}}], artifacts: {rpms: ["tool-0:${version}-1.noarch", "tool-doc-0:${version}-1.noarch"]},
  profiles: {small: {rpms: [tool]}, full: {rpms: [tool, tool-doc]}}}
`;
const defaults = `---
document: modulemd-defaults
version: 1
data: {module: tool, stream: one, profiles: {one: [small], two: [full]}}
`;

test("a treefile's modules say which stream's packages are there", async () => {
  const repository = join(work, "repository");
  for (const version of ["1.0", "2.0"]) {
    for (const name of ["tool", "tool-doc"]) buildRpms([{ name, version }], repository);
  }
  createRepository(repository);
  writeFileSync(join(work, "modules.yaml"), stream("one", "1.0") + stream("two", "2.0") + defaults);
  execFileSync("modifyrepo_c", ["--mdtype=modules", join(work, "modules.yaml"), join(repository, "repodata")], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  writeFileSync(join(work, "base.repo"), `[base]\nbaseurl=${repository}\ngpgcheck=0\n`);
  const resolve = async (more: string, packages = "[tool]") => {
    const head = "ref: a/x86_64/b\nreleasever: 9\nbasearch: x86_64\nrepos: [base]\n";
    const text = `${head}packages: ${packages}\n${more}`;
    const treefile = parseTreefile(text, join(work, "tree.yaml"));
    requireSupported(treefile);
    const { solution } = await resolveRpmTreefile(treefile, { cacheDir: join(work, "cache") }, () => {});
    return solution.install.map(({ package: one }) => String(one));
  };
  assert.deepEqual(await resolve("platform-module: platform:el9\nmodules: {enable: [tool:one]}\n"), [
    "tool-1.0-1.noarch",
  ]);
  assert.deepEqual(await resolve("platform-module: platform:el9\nmodules: {enable: [tool:two]}\n"), [
    "tool-2.0-1.noarch",
  ]);
  await assert.rejects(resolve("modules: {enable: [tool:two]}\n"), {
    code: "packages-unsolvable",
    message: /platform:el9/,
  });
  await assert.rejects(resolve(""), { message: /tool/ });
  for (const spec of ["tool:two/small", "tool:two/full", "tool:two", "tool:one", "tool", "tool/full"]) {
    const text = `platform-module: platform:el9\nmodules: {install: ["${spec}"]}\n`;
    assert.deepEqual((await resolve(text, "[]")).toSorted(), dnfModuleInstall(repository, spec), spec);
  }
  const unknown = "platform-module: platform:el9\nmodules: {install: [tool:two/none]}\n";
  await assert.rejects(resolve(unknown), { code: "packages-unknown", message: /no profile none/ });
  await assert.rejects(resolve("modules: {install: [tool:two:a]}\n"), { code: "packages-unknown" });
});

/** What dnf installs into an empty root. */
function dnfModuleInstall(repository: string, spec: string): string[] {
  const root = join(work, `root-${spec.replaceAll(/\W/g, "-")}`);
  const options = ["--setopt=reposdir=/nonexistent", "--setopt=l.gpgcheck=0", "--releasever=9", "--forcearch=x86_64"];
  const platform = "--setopt=module_platform_id=platform:el9";
  const from = `--repofrompath=l,file://${repository}`;
  execFileSync("dnf", ["-y", "-q", `--installroot=${root}`, ...options, platform, from, "module", "install", spec], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const rpm = execFileSync("rpm", ["--root", root, "-qa", "--qf", "%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}\\n"]);
  return rpm.toString().trim().split("\n").sort();
}
