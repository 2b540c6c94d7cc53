// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { loadTreefile, parseTreefile } from "../../../src/compose/index.ts";
import { aptSources } from "../../../src/compose/resolve.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "treefile-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function write(files: Record<string, string>): (name: string) => string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  return (name) => join(directory, name);
}

test("keys, defaults, variables and paths", () => {
  const at = write({
    "tree.yaml": `
ref: debian/\${releasever}/\${basearch}/host
releasever: 13
basearch: x86_64
apt:
  - uri: http://mirror/debian
    suites: [trixie, trixie-updates]
    signed-by: keys/archive.gpg
    check-valid-until: false
packages: [systemd podman, crun]
packages-amd64: [grub-pc]
packages-aarch64: [never]
add-files:
  - [motd, /etc/motd]
remove-files: [etc/issue]
automatic_version_prefix: 13.1
`,
  });
  const treefile = loadTreefile(at("tree.yaml"));
  assert.equal(treefile.ref, "debian/13/x86_64/host");
  assert.deepEqual(treefile.packages, ["crun", "grub-pc", "podman", "systemd"]);
  assert.deepEqual(treefile.apt, [
    {
      uri: "http://mirror/debian",
      suites: ["trixie", "trixie-updates"],
      components: ["main"],
      signedBy: at("keys/archive.gpg"),
      checkValidUntil: false,
    },
  ]);
  assert.deepEqual(treefile.addFiles, [{ source: at("motd"), target: "/etc/motd" }]);
  assert.deepEqual(treefile.removeFiles, ["/etc/issue"]);
  assert.equal(treefile.versionPrefix, "13.1");
  assert.equal(treefile.recommends, false);
  assert.equal(treefile.documentation, true);
});

test("an apt entry with what is no value of its key is refused", () => {
  const entries = { "signed-by": "[a, b]", "check-valid-until": "never", priority: "1.5" };
  for (const [key, value] of Object.entries(entries)) {
    const at = write({ "tree.yaml": `apt: [{uri: "http://m/", suites: [s], ${key}: ${value}}]\n` });
    assert.throws(() => loadTreefile(at("tree.yaml")), { code: "compose-treefile-value", message: new RegExp(key) });
  }
});

test("an archive that is frozen is used where the treefile says so", () => {
  const at = write({ "tree.yaml": `apt: [{uri: "http://m/", suites: [s, t], check-valid-until: false}]\nref: x\n` });
  const sources = aptSources(loadTreefile(at("tree.yaml")));
  assert.deepEqual(
    sources.map(({ suite, checkValidUntil }) => [suite, checkValidUntil]),
    [
      ["s", false],
      ["t", false],
    ],
  );
});

test("includes merge as rpm-ostree does: own scalars win, included lists come first, the last include foremost", () => {
  const at = write({
    "tree.yaml": `
include: [parts/a.yaml, parts/b.yaml]
ref: own
packages: [own]
postprocess: ["own"]
add-commit-metadata: {shared: own, own: 1}
`,
    "parts/a.yaml": `
ref: a
default-target: a.target
packages: [a]
postprocess: ["a"]
add-files: [[file-a, /etc/a]]
add-commit-metadata: {shared: a, a: 1}
`,
    "parts/b.yaml": `
default-target: b.target
packages: [b]
postprocess: ["b"]
`,
  });
  const treefile = loadTreefile(at("tree.yaml"));
  assert.equal(treefile.ref, "own");
  assert.equal(treefile.defaultTarget, "a.target");
  assert.deepEqual(treefile.packages, ["a", "b", "own"]);
  assert.deepEqual(treefile.postprocess, ["b", "a", "own"]);
  assert.deepEqual(treefile.addFiles, [{ source: at("parts/file-a"), target: "/etc/a" }]);
  assert.deepEqual(Object.fromEntries(treefile.commitMetadata), { shared: "own", a: 1, own: 1 });
});

test("includes by architecture and by condition", () => {
  const at = write({
    "tree.yaml": `
basearch: x86_64
variables: {stream: testing, debug: false, release: 13}
arch-include: {x86_64: x86.yaml, aarch64: missing.yaml}
conditional-include:
  - {if: stream == "testing", include: testing.yaml}
  - {if: [release >= 13, debug == true], include: missing.yaml}
  - {if: 'basearch != "s390x"', include: {packages: [inline]}}
packages: [own]
`,
    "x86.yaml": "packages: [x86]",
    "testing.yaml": "packages: [testing]",
  });
  assert.deepEqual(loadTreefile(at("tree.yaml")).packages, ["inline", "own", "testing", "x86"]);
});

const faults: [name: string, text: string, code: string, message: RegExp, hint?: RegExp][] = [
  ["a mistyped key", "ref: x\npakages: [a]\n", "treefile-key", /:2:1: unknown key pakages/, /did you mean packages\?/],
  ["a key given twice", "ref: x\nref: y\n", "treefile-syntax", /unique/],
  ["a wrong kind", "packages: systemd\n", "treefile-value", /:1:1: packages: must be a list of strings/],
  [
    "RPM and Debian at once",
    "repos: [fedora]\napt: [{uri: x, suites: y}]\n",
    "treefile-value",
    /both repos and apt/,
    /RPM packages/,
  ],
  [
    "an unknown choice",
    "boot-location: old\n",
    "treefile-value",
    /must be new or modules or kernel-install, not "old"/,
  ],
  ["broken YAML", "a: [1\n", "treefile-syntax", /:2:1: /],
  ["a list", "- a\n", "treefile-syntax", /not a map/],
  ["a missing include", "include: nowhere.yaml\n", "treefile-include", /includes .*nowhere.yaml, which is missing/],
  [
    "a reserved variable",
    "variables: {releasever: 1}\n",
    "treefile-value",
    /releasever is reserved/,
    /has the value of/,
  ],
  ["both spellings of a key", "gpg-key: a\ngpg_key: b\n", "treefile-key", /gpg_key is given twice/],
  ["a quote left open", 'packages: ["\'podman >= 4"]\n', "treefile-value", /single quote/],
  ["a check of an unknown type", "check-passwd: {type: maybe}\n", "treefile-value", /\{type: none\}/],
  ["a group with two numbers", "check-groups: {type: data, entries: {adm: [4, 4]}}\n", "treefile-value", /entries/],
  ["a suffix of two characters", 'automatic-version-suffix: ".."\n', "treefile-value", /one ASCII character/],
  ["a file outside of deployments", "add-files: [[a, /var/a]]\n", "treefile-value", /no place that a deployment keeps/],
  [
    "files of an inline treefile",
    'conditional-include: [{if: basearch != "x", include: {add-files: [[a, /etc/a]]}}]\n',
    "treefile-unsupported",
    /add-files cannot stand in place/,
  ],
  [
    "a condition that mixes kinds",
    'releasever: "40"\nconditional-include: [{if: releasever < 41, include: x}]\n',
    "treefile-value",
    /releasever is "40", a string, and 41 is a number/,
  ],
  [
    "an order of strings",
    "releasever: b\nconditional-include: [{if: 'releasever < \"c\"', include: x}]\n",
    "treefile-value",
    /< needs numbers/,
  ],
  ["a kickstart file", "include: part.ks\n", "treefile-include", /part.ks, which is missing/],
  ["a repository variable that is filled in", "repovars: {basearch: x}\n", "treefile-value", /basearch is filled in/],
  ["an include that has no end", "include: /dev/zero\n", "treefile-include", /includes \/dev\/zero, which is no file/],
  ["a name that no file can have", 'include: "a\\0b.yaml"\n', "treefile-value", /include: has a character of code 0/],
  ["an alias to itself", "packages: &a [*a]\n", "treefile-syntax", /:1:15: \*a stands within what it is an alias of/],
  ["an include of itself", "include: tree.yaml\n", "treefile-include", /included twice, or includes itself/],
  ["a variable without value", "ref: ${stream}\n", "treefile-value", /variable stream has no value/],
  [
    "a condition without sense",
    'conditional-include: [{if: "a ~ b", include: x}]\n',
    "treefile-value",
    /cannot read condition/,
  ],
  ["a path that climbs", "remove-files: [../../etc/passwd]\n", "treefile-value", /no path inside the tree/],
  ["the root itself", "remove-files: [/]\n", "treefile-value", /no path inside the tree/],
  ["an unknown apt key", "apt: [{url: x, suites: [y]}]\n", "treefile-key", /unknown key url/, /did you mean uri\?/],
  ["apt without suites", "apt: [{uri: x}]\n", "treefile-value", /suites must be/],
  ["a bad expression", "remove-from-packages: [[a, '(']]\n", "treefile-value", /no regular expression/],
];

for (const [name, text, code, message, hint] of faults) {
  test(`refused: ${name}`, () => {
    const at = write({ "tree.yaml": text });
    assert.throws(
      () => loadTreefile(at("tree.yaml")),
      (error: Error & { code: string; hint?: string }) => {
        assert.equal(error.code, `compose-${code}`);
        assert.match(error.message, message);
        if (hint) assert.match(error.hint ?? "", hint);
        return true;
      },
    );
  });
}

test("JSON treefiles may carry unknown keys, which are told", () => {
  const treefile = parseTreefile('{"comment": "hello", "packages": ["a"]}', "/x/tree.json");
  assert.deepEqual(treefile.packages, ["a"]);
  assert.match(treefile.warnings.join(), /unknown key comment ignored/);
});
