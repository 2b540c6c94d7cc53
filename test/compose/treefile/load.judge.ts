// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { globSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { lintTreefile, loadTreefile } from "../../../src/compose/index.ts";

const data = resolve(import.meta.dirname, "../../../../shared/data/treefiles");

/** Files beside the treefiles that are something else. */
const others = /manifest-lock|image(-base)?\.yaml|overlay\.yml|releases\.yml/;

/** Stands only with the variables of the file that includes it. */
const part = "fedora-coreos-f40-2024/manifests/fedora-coreos.yaml";

const files = globSync("**/*.{json,yaml,yml}", { cwd: data })
  .filter((name) => !others.test(name) && name !== part)
  .toSorted();
const architectures = ["x86_64", "aarch64", "ppc64le", "s390x"];

test("every real treefile comes to what rpm-ostree's documentation says, on every architecture", () => {
  assert.ok(files.length >= 27, String(files.length));
  const judge = join(import.meta.dirname, "flatten.py");
  const paths = files.map((file) => join(data, file));
  for (const basearch of architectures) {
    const output = execFileSync("python3", [judge, basearch, ...paths], { encoding: "utf8", maxBuffer: 1 << 26 });
    const expected = JSON.parse(output) as unknown[];
    for (const [at, path] of paths.entries()) {
      const { flattened, format } = loadTreefile(path, { basearch });
      assert.deepEqual({ ...flattened }, expected[at], `${files[at]} on ${basearch}`);
      assert.equal(format, "rpm");
    }
  }
});

test("a part that needs the variables of another file says so", () => {
  assert.throws(() => loadTreefile(join(data, part)), {
    code: "compose-treefile-value",
    message: /variable prod has no value/,
  });
});

test("Fedora CoreOS for Fedora 40 and s390x, by hand", () => {
  const { flattened } = loadTreefile(join(data, "fedora-coreos-f40-2024/manifest.yaml"), { basearch: "s390x" });
  assert.equal(flattened["ref"], "fedora/s390x/coreos/testing-devel");
  assert.equal(flattened["releasever"], 40);
  assert.equal(flattened["automatic-version-prefix"], "40.<date:%Y%m%d>.dev");
  assert.deepEqual(flattened["add-commit-metadata"], { "fedora-coreos.stream": "testing-devel" });
  assert.deepEqual(flattened["rojig"], {
    name: "fedora-coreos",
    summary: "Fedora CoreOS testing-devel",
    license: "MIT",
    description: null,
  });
  const layers = flattened["ostree-layers"] as string[];
  // The last include of the last include comes first, the outermost file last.
  assert.equal(layers.at(-1), "overlay/15fcos");
  assert.equal(layers[0], "overlay/16disable-zincati");
  const packages = flattened["packages"] as string[];
  assert.ok(packages.includes("qemu-user-static-x86") && !packages.includes("irqbalance"));
  assert.ok(!packages.includes("dnf5"), "include-dnf.yaml is for 41 and later");
  assert.deepEqual(packages, [...new Set(packages)].toSorted());
});

/** Layers are in no repository here, and no repository can be asked: what else is missing to compose each. */
const missing: Record<string, string[]> = {
  "centos7-atomic-host-2018/centos-atomic-host-continuous.json": [
    "missing-file treecompose-post.sh",
    "missing-repo atomic-centos-continuous",
    "missing-repo rhel-atomic-rebuild",
    "missing-repo virt7-container-common-candidate",
  ],
  "centos7-atomic-host-2018/centos-atomic-host.json": [
    "missing-file treecompose-post.sh",
    "missing-repo rhel-atomic-rebuild",
    "missing-repo virt7-container-common-candidate",
  ],
  "fedora-coreos-f40-2024/manifest.yaml": [],
  "fedora25-atomic-2016/fedora-atomic-docker-host.json": ["missing-file treecompose-post.sh"],
  "rhcos-4.0-2018/host-maipo.yaml": ["missing-repo openshift"],
};

test("what is missing to compose the treefiles is told, and nothing else", async () => {
  for (const [file, expected] of Object.entries(missing)) {
    const { findings } = await lintTreefile(join(data, file), { offline: true, basearch: "x86_64" });
    const found = findings
      .filter(({ lint }) => lint === "missing-file" || lint === "missing-repo" || lint === "repo-file")
      .map(({ lint, path, text }) => `${lint} ${path === undefined ? text.split(" ")[0] : path.split("/").at(-1)}`);
    assert.deepEqual(found.toSorted(), expected, file);
  }
});
