// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { parseYaml, plainYaml, type YamlNode } from "../../src/formats/index.ts";

const faultsOf = (text: string) =>
  parseYaml(text, "f").faults.map(({ at, message }) => `${at.line}:${at.column} ${message}`);

test("values have places, and their text as written", () => {
  const [root] = parseYaml("a: 1\nb:\n  - x: 1.10\n    'q': \"two words\"\n  -\n", "f").documents;
  const seen: string[] = [];
  const walk = (node: YamlNode, path: string): void => {
    seen.push(`${path} ${node.at.line}:${node.at.column}${node.kind === "scalar" ? ` ${node.text}` : ""}`);
    if (node.kind === "list") node.items.forEach((item, index) => walk(item, `${path}[${index}]`));
    if (node.kind === "map") {
      for (const { key, at, value } of node.entries) walk(value, `${path}.${key}@${at.line}:${at.column}`);
    }
  };
  walk(root!, "");
  assert.deepEqual(seen, [
    " 1:1",
    ".a@1:1 1:4 1",
    ".b@2:1 3:3",
    ".b@2:1[0] 3:5",
    ".b@2:1[0].x@3:5 3:8 1.10",
    ".b@2:1[0].q@4:5 4:10 two words",
    ".b@2:1[1] 5:4 ",
  ]);
});

test("aliases and merge keys are followed as PyYAML follows them", () => {
  const text = `
base: &base {x: 1, y: [1, two]}
more: &more
  y: other
  z: &z deep
both: {<<: [*more, *base], w: *z}
one:
  x: own
  <<: *base
`;
  const script = "import sys, json, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)";
  const { stdout, stderr } = spawnSync("/usr/bin/python3", ["-c", script], { input: text, encoding: "utf8" });
  assert.equal(stderr, "");
  assert.deepEqual(plainYaml(parseYaml(text, "f").documents[0]!), JSON.parse(stdout));
});

test("a stream has its documents, an empty one none", () => {
  assert.deepEqual(parseYaml("---\na: 1\n---\n[b]\n...\n", "f").documents.map(plainYaml), [{ a: 1 }, ["b"]]);
  assert.deepEqual(parseYaml("", "f"), { documents: [], faults: [] });
});

test("faults are told together, each with its place", () => {
  assert.deepEqual(faultsOf("a: b\na: c\nx: !tag y\n"), ["2:1 Map keys must be unique", "3:4 Unresolved tag: !tag"]);
  assert.deepEqual(faultsOf("a: *no\nb: &b [*b]\n? [c]\n: d\n<<: 5\n"), [
    "1:4 no anchor &no stands before *no",
    "2:8 *b stands within what it is an alias of",
    "3:3 a key must be a word, not a list or a map",
    "5:5 << must be followed by a map or a list of maps",
  ]);
});

test("a small file cannot ask for much: aliases of aliases, depth, size", () => {
  const laughs = ["a: &a [1,1,1,1,1,1,1,1,1,1]"];
  for (const [name, before] of ["ba", "cb", "dc", "ed", "fe", "gf", "hg"].map((pair) => [pair[0], pair[1]])) {
    laughs.push(`${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join()}]`);
  }
  assert.match(faultsOf(laughs.join("\n")).join(), /^1:\d+ has more than 100000 values/);
  for (const deep of ["[".repeat(5000), "- ".repeat(20_000), "? ".repeat(5000), "{a: ".repeat(100), "[".repeat(66)]) {
    assert.match(faultsOf(deep).join(), /nested more than 64 deep$/);
  }
  assert.deepEqual(faultsOf("a".repeat((1 << 20) + 1)), ["1:1 larger than 1048576 characters"]);
});
