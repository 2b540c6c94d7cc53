// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { distributions, lintTreefile, loadTreefile } from "../../../../src/compose/index.ts";

const root = resolve(import.meta.dirname, "../../../..");
let scratch: string;
before(() => {
  scratch = mkdtempSync(join(tmpdir(), "init-"));
});
after(() => rmSync(scratch, { recursive: true }));

function init(...args: string[]) {
  const argv = ["--disable-warning=ExperimentalWarning", join(root, "src/cli/atomic.ts"), "compose", "init", ...args];
  return spawnSync(process.execPath, argv, { cwd: scratch, encoding: "utf8" });
}

for (const distribution of distributions) {
  test(`a host of ${distribution} starts as the example is, and lacks nothing`, async () => {
    const { status, stdout, stderr } = init(`--from=${distribution}`, distribution);
    assert.equal(status, 0, stderr);
    const name = `${distribution}-container-host.yaml`;
    assert.match(stdout, new RegExp(`atomic compose lint ${distribution}/${name}`));
    const written = join(scratch, distribution, name);
    const example = join(root, "examples", name);
    const text = readFileSync(example, "utf8").replaceAll("../system/", "system/").replaceAll("examples/", "");
    assert.equal(readFileSync(written, "utf8"), text);
    const { findings } = await lintTreefile(written, { offline: true });
    assert.deepEqual(findings, []);
    for (const basearch of ["x86_64", "aarch64"]) {
      const { packages } = loadTreefile(written, { basearch });
      assert.equal(packages.filter((name) => /^(?:kernel-core|linux-image-.*)$/.test(name)).length, 1, basearch);
    }
    const [ours, theirs] = [written, example].map((path) => loadTreefile(path, { basearch: "x86_64" }));
    assert.ok(ours && theirs && ours.addFiles.length > 0);
    assert.deepEqual(ours.packages, theirs.packages);
    for (const { source } of ours.addFiles) assert.ok(source.startsWith(join(scratch, distribution)), source);
  });
}

test("what is there is not changed, and an unknown distribution is told", () => {
  assert.equal(init("--from=debian", "twice").status, 0);
  const again = init("--from=debian", "twice");
  assert.equal(again.status, 1);
  assert.match(again.stderr, /error\[compose-exists\]: twice\/debian-container-host.yaml is there already/);
  const other = init("--from=arch");
  assert.equal(other.status, 2);
  assert.match(other.stderr, /--from=arch: one of fedora, centos, rhel, debian wanted/);
});
