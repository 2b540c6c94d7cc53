// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { loadRepomd, type ModuleRequest } from "../../../src/packages/index.ts";
import { bytesSource } from "../../../src/base/index.ts";
import { parseModules } from "../../../src/packages/repomd/modules-file.ts";
import { buildRpms, createRepository } from "./fixture.ts";

const work = mkdtempSync(join(tmpdir(), "atomic-modules-"));
const repository = join(work, "repository");
after(() => rmSync(work, { recursive: true }));

const modulemd = (name: string, stream: string, version: number, requires: string, ...artifacts: string[]) => `---
document: modulemd
version: 2
data:
  name: ${name}
  stream: "${stream}"
  version: ${version}
  context: c0ffee00
  arch: x86_64
  summary: 'a module

    of two lines

'
  description: >-
    a module
  license: {module: [MIT]}
  dependencies:
  - requires: {${requires}}
  artifacts:
    rpms:
${artifacts.map((one) => `    - ${one}`).join("\n")}
...
`;
const defaults = (name: string, stream: string) => `---
document: modulemd-defaults
version: 1
data:
  module: ${name}
  stream: "${stream}"
...
`;

before(() => {
  const package_ = (name: string, version: string, ...fields: string[]) => ({ name, version, fields });
  const packages = [
    package_("tool", "1.0"),
    package_("tool", "2.0"),
    package_("tool", "2.1"),
    package_("tool", "9.0"),
    package_("tool-doc", "2.0"),
    package_("base", "1.0"),
    package_("late", "1.0"),
    package_("other", "1.0", "Provides: tool"),
    package_("needs", "1.0"),
    package_("far", "1.0"),
    package_("plain", "1.0"),
  ];
  for (const one of packages) buildRpms([one], repository);
  createRepository(repository);
  const modules = [
    modulemd("tool", "1", 10, "platform: [el9]", "tool-0:1.0-1.noarch"),
    modulemd("tool", "2", 20, "platform: [el9]", "tool-0:2.0-1.noarch", "tool-doc-0:2.0-1.noarch", "tool-0:2.0-1.src"),
    modulemd("tool", "2", 21, "platform: [el9]", "tool-0:2.1-1.noarch"),
    modulemd("tool", "2", 22, "platform: [el9], base: [b]", "late-0:1.0-1.noarch"),
    modulemd("base", "b", 5, "platform: [-el8]", "base-0:1.0-1.noarch"),
    modulemd("needs", "n", 1, "platform: [], base: []", "needs-0:1.0-1.noarch"),
    modulemd("far", "f", 1, "platform: [el8]", "far-0:1.0-1.noarch"),
    defaults("tool", "1"),
    defaults("needs", "n"),
  ];
  writeFileSync(join(work, "modules.yaml"), modules.join(""));
  execFileSync("modifyrepo_c", ["--mdtype=modules", join(work, "modules.yaml"), join(repository, "repodata")], {
    stdio: ["ignore", "pipe", "pipe"],
  });
});

const script = `
import dnf, json, sys, tempfile
import dnf.module.module_base
root, repository, enabled = sys.argv[1], sys.argv[2], sys.argv[3:]
base = dnf.Base()
base.conf.cachedir = root + "/cache"
base.conf.installroot = root
base.conf.persistdir = root + "/persist"
base.conf.module_platform_id = "platform:el9"
base.conf.substitutions["releasever"] = "9"
base.conf.substitutions["basearch"] = base.conf.substitutions["arch"] = "x86_64"
repo = base.repos.add_new_repo("judged", base.conf, baseurl=["file://" + repository])
base.fill_sack(load_system_repo=False)
if enabled:
    dnf.module.module_base.ModuleBase(base).enable(enabled)
print(json.dumps(sorted(str(p) for p in base.sack.query())))
`;

function judged(enabled: readonly string[]): string[] {
  const root = mkdtempSync(join(work, "root-"));
  const output = execFileSync("/usr/bin/python3", ["-c", script, root, repository, ...enabled], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  return JSON.parse(output.toString().trim().split("\n").at(-1)!) as string[];
}

async function ours(modules: ModuleRequest, moduleHotfixes = false, warnings: string[] = []): Promise<string[]> {
  const source = { id: "modular", baseUrls: [repository], moduleHotfixes };
  const set = await loadRepomd([source], join(work, "cache"), { modules }, (event) => {
    if (event.type === "warning") warnings.push(event.text);
  });
  return set.all().map(String).sort();
}

const el9 = { platform: "platform:el9", arch: "x86_64" };

test("packages of streams that are not on are not there, nor what streams that are on replace: as with dnf", async () => {
  for (const enabled of [[], ["tool:2"], ["base:b"], ["tool:2", "base:b"], ["tool:1", "base:b"]]) {
    assert.deepEqual(await ours({ ...el9, enabled }), judged(enabled), enabled.join(" "));
  }
});

test("without filtering all are there; without a platform, no stream that needs one is on", async () => {
  assert.equal((await ours(el9, true)).length, 11);
  const warnings: string[] = [];
  const set = await ours({}, false, warnings);
  assert.match(warnings.join("\n"), /2 modules are off, as no platform is given .*: tool, needs/);
  assert.ok(!set.some((one) => one.startsWith("tool-1")));
  assert.ok(set.includes("tool-9.0-1.noarch"));
});

test("streams that are not there, or lack what they require, are refused", async () => {
  await assert.rejects(ours({ ...el9, enabled: ["tool:7"] }), { code: "packages-unknown", message: /tool:7/ });
  await assert.rejects(ours({ ...el9, enabled: ["tool"] }), { code: "packages-unknown" });
  await assert.rejects(ours({ ...el9, enabled: ["far:f"] }), {
    code: "packages-unsolvable",
    message: /far:f lacks what it requires: platform:el8/,
  });
  assert.ok((await ours({ ...el9, disabled: ["tool"] })).includes("tool-9.0-1.noarch"));
});

test("documents that are nested without end, or ask for more than they are, are refused", () => {
  const read = (text: string) => parseModules(bytesSource(Buffer.from(text)), "modules.yaml");
  const levels = Array.from({ length: 9 }, (_, level) => `- &a${level + 1} [${`*a${level}, `.repeat(9)}]\n`);
  for (const text of ["[".repeat(20_000), "a: {".repeat(20_000), "- ".repeat(20_000), `- &a0 x\n${levels.join("")}`]) {
    assert.throws(() => read(`---\n${text}\n`), { code: "packages-bad-index", message: /^modules\.yaml: / });
  }
  assert.deepEqual(read(modulemd("tool", "1.10", 1, "")).streams[0]?.stream, "1.10");
});
