// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadTreefile, parseTreefile } from "../../../src/compose/index.ts";

const print = (text: string, name = "tree.yaml") =>
  JSON.stringify(parseTreefile(text, `/x/${name}`, { basearch: "x86_64" }).flattened);

test("keys are printed in rpm-ostree's order and forms", () => {
  const text = `
container-cmd: [/sbin/init]
rpmdb: b-d-b
opt-usrlocal: stateoverlay
check-passwd: {entries: {sys: [3, 3], bin: 1}, type: data}
releasever: 40
mutate-os-release: "\${releasever}"
rojig: {summary: "S \${releasever}", name: n, license: "\${releasever}"}
metadata: {b: {z: 1, a: 2}, a: "\${nobody} \${releasever}"}
variables: {x: 1}
repovars: {y: z}
bootstrap_packages: [b a]
packages: ["c 'd >= 1'", a]
repo-packages: [{repo: r, packages: [y x y]}]
ref: r
gpg_key: k
`;
  assert.equal(
    print(text),
    JSON.stringify({
      packages: ["a", "b", "c", "d >= 1"],
      "repo-packages": [{ repo: "r", packages: ["x", "y"] }],
      ref: "r",
      metadata: { a: "${nobody} 40", b: { a: 2, z: 1 } },
      basearch: "x86_64",
      rojig: { name: "n", summary: "S 40", license: "${releasever}", description: null },
      "gpg-key": "k",
      "opt-usrlocal": "state-overlay",
      releasever: 40,
      "mutate-os-release": "40",
      "check-passwd": { type: "data", entries: { bin: 1, sys: [3, 3] } },
      rpmdb: "bdb",
      "container-cmd": ["/sbin/init"],
    }),
  );
});

test("what edition and container imply is printed; unknown keys of JSON are too", () => {
  assert.equal(
    print('{"zeta": 1, "comment": {"b": 1, "a": 2}, "edition": "2024", "container": true}', "tree.json"),
    JSON.stringify({
      packages: [],
      edition: "2024",
      basearch: "x86_64",
      selinux: false,
      container: true,
      "boot-location": "modules",
      "tmp-is-dir": true,
      "preserve-passwd": false,
      "check-passwd": { type: "none" },
      "check-groups": { type: "none" },
      comment: { a: 2, b: 1 },
      zeta: 1,
    }),
  );
});

test("of packages that two files give another repository, the including file's stays", () => {
  const directory = mkdtempSync(join(tmpdir(), "flatten-"));
  const at = (name: string, text: string) => writeFileSync(join(directory, name), text);
  at("part.yaml", "repo-packages: [{repo: a, packages: [one two]}, {repo: b, packages: [two three]}]\n");
  at("tree.yaml", "include: part.yaml\nrepo-packages: [{repo: c, packages: [three]}]\n");
  at("script.ks", "%packages\n%end\n");
  at("started.yaml", "include: script.ks\n");
  at("json", "include: part.yaml\n");
  assert.deepEqual(loadTreefile(join(directory, "tree.yaml")).repoPackages, [
    { repo: "a", packages: ["one"] },
    { repo: "b", packages: ["two"] },
    { repo: "c", packages: ["three"] },
  ]);
  assert.throws(() => loadTreefile(join(directory, "started.yaml")), {
    code: "compose-treefile-unsupported",
    message: /script.ks: kickstart files are not read/,
    hint: /%packages as `packages:`/,
  });
  assert.throws(() => loadTreefile(join(directory, "json")), {
    code: "compose-treefile-syntax",
    hint: /a treefile in YAML has a name that ends in .yaml/,
  });
  rmSync(directory, { recursive: true });
});

test("programs of finalize.d and lists of accounts are looked up beside their treefile", () => {
  const directory = mkdtempSync(join(tmpdir(), "flatten-"));
  const text = "check-groups: {type: file, filename: group}\nedition: 2024\nautomatic-version-prefix: 13\n";
  const treefile = parseTreefile(text, join(directory, "tree.yaml"));
  assert.deepEqual(treefile.checkGroups, { type: "file", path: join(directory, "group") });
  assert.deepEqual([treefile.tmpIsDir, treefile.bootLocation, treefile.format], [true, "modules", "rpm"]);
  assert.deepEqual(treefile.finalizeScripts, []);
  rmSync(directory, { recursive: true });
});
