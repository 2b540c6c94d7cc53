// SPDX-License-Identifier: Apache-2.0
/** `compose extensions` at the command line; which packages belong to it dnf judges elsewhere. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { buildRpms, createRepository } from "../../../packages/repomd/fixture.ts";

const entry = resolve(import.meta.dirname, "../../../../src/cli/atomic.ts");
let scratch: string;

before(() => {
  scratch = mkdtempSync(join(tmpdir(), "extensions-command-"));
  const repository = join(scratch, "repository");
  mkdirSync(repository);
  buildRpms(
    [{ name: "core" }, { name: "tracer", fields: ["Requires: core, tracer-libs"] }, { name: "tracer-libs" }],
    repository,
  );
  createRepository(repository);
  writeFileSync(join(scratch, "base.repo"), `[base]\nbaseurl=file://${repository}\ngpgcheck=0\n`);
  writeFileSync(join(scratch, "tree.yaml"), "ref: tiny/rpm\nbasearch: x86_64\nrepos: [base]\npackages: [core]\n");
  writeFileSync(join(scratch, "extensions.yaml"), "extensions: {tracing: {packages: [tracer]}}\n");
  const place = ["--root", join(scratch, "root"), "--define", "_dbpath /usr/lib/sysimage/rpm"];
  const core = readdirSync(repository).filter((name) => name.startsWith("core-"));
  execFileSync("rpm", [
    ...place,
    "--justdb",
    "--install",
    "--nosignature",
    ...core.map((name) => join(repository, name)),
  ]);
});
after(() => rmSync(scratch, { recursive: true }));

function extensions(...args: string[]) {
  const argv = ["--disable-warning=ExperimentalWarning", entry, "compose", "extensions", "--progress=none", ...args];
  return spawnSync(process.execPath, argv, { cwd: scratch, encoding: "utf8" });
}

test("packages for a root are downloaded once, and a change is marked", () => {
  const words = ["tree.yaml", "extensions.yaml", "--rootfs=root", "--output-dir=out", "--cachedir=cache"];
  const made = extensions(...words, "--touch-if-changed=changed");
  assert.equal(made.stdout, "tracer-1.0-1.noarch\ntracer-libs-1.0-1.noarch\n", made.stderr);
  const rpms = readdirSync(join(scratch, "out")).filter((name) => name.endsWith(".rpm"));
  const names = execFileSync("rpm", ["-qp", "--nosignature", "--qf", "%{name}\n", ...rpms], {
    cwd: join(scratch, "out"),
    encoding: "utf8",
  });
  assert.deepEqual(names.trim().split("\n").sort(), ["tracer", "tracer-libs"]);
  assert.ok(existsSync(join(scratch, "changed")));
  rmSync(join(scratch, "changed"));
  assert.equal(extensions(...words, "--touch-if-changed=changed").stdout, "No changes\n");
  assert.ok(!existsSync(join(scratch, "changed")));
});

const wrong: [args: string[], message: RegExp][] = [
  [[], /no --output-dir given/],
  [["--output-dir=out"], /neither --repo nor --rootfs given/],
  [["--output-dir=out", "--repo=x", "--rootfs=root"], /--repo and --rootfs exclude each other/],
];
for (const [args, message] of wrong) {
  test(`refused: ${args.join(" ") || "no options"}`, () => {
    const { status, stderr } = extensions("tree.yaml", "extensions.yaml", "--cachedir=cache", ...args);
    assert.match(stderr, message);
    assert.equal(status, 2);
  });
}
