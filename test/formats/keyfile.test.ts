// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { Keyfile } from "../../src/formats/index.ts";

const sample = `# a comment
[core]
repo_version=1
mode = bare
 list=a;b\\;c;d
flag=true

[remote "origin"]
url=https://example.com/a=b?c#d
text=\\sleading\\ttab\\nline\\\\end
`;

test("groups, keys and values are read as GKeyFile reads them", () => {
  const file = Keyfile.parse(sample, "sample");
  assert.deepEqual(file.groups(), ["core", 'remote "origin"']);
  assert.deepEqual(file.keys("core"), ["repo_version", "mode", "list", "flag"]);
  assert.equal(file.get("core", "mode"), "bare");
  assert.deepEqual(file.getList("core", "list"), ["a", "b;c", "d"]);
  assert.equal(file.getBoolean("core", "flag"), true);
  assert.equal(file.getInteger("core", "repo_version"), 1);
  assert.equal(file.get('remote "origin"', "url"), "https://example.com/a=b?c#d");
  assert.equal(file.get('remote "origin"', "text"), " leading\ttab\nline\\end");
  assert.equal(file.get("core", "missing"), undefined);
  assert.equal(file.get("missing", "mode"), undefined);
});

test("what is not edited stays as it is, comments included; white space around a key goes, as with GKeyFile", () => {
  const file = Keyfile.parse(sample, "sample");
  assert.equal(file.toString(), sample.replace("mode = bare", "mode=bare").replace(" list=", "list="));
  file.set("core", "mode", "archive-z2");
  file.set("core", "new", " x;y\n");
  file.setList("other", "names", ["a", "b;c"]);
  file.removeKey("core", "flag");
  file.removeGroup('remote "origin"');
  const expected = [
    "# a comment",
    "[core]",
    "repo_version=1",
    "mode=archive-z2",
    "list=a;b\\;c;d",
    "new=\\sx;y\\n",
    "[other]",
    "names=a;b\\;c;",
  ];
  assert.deepEqual(
    file
      .toString()
      .split("\n")
      .filter((line) => line !== ""),
    expected,
  );
  const again = Keyfile.parse(file.toString(), "written");
  assert.equal(again.get("core", "new"), " x;y\n");
  assert.deepEqual(again.getList("other", "names"), ["a", "b;c"]);
});

test("groups of one name are one, and of equal keys the last counts", () => {
  const file = Keyfile.parse("[a]\nk=1\n[b]\nk=2\n[a]\nk=3\nl=4\n", "double");
  assert.deepEqual(file.groups(), ["a", "b"]);
  assert.equal(file.get("a", "k"), "3");
  file.set("a", "k", "5");
  assert.equal(file.get("a", "k"), "5");
});

test("lines that are nothing are refused with their number", () => {
  assert.throws(() => Keyfile.parse("[a]\nnonsense\n", "x"), { code: "formats-keyfile-malformed", message: /^x:2: / });
  assert.throws(() => Keyfile.parse("k=1\n", "x"), { code: "formats-keyfile-malformed", message: /^x:1: / });
});

test("values of the wrong kind are refused", () => {
  const file = Keyfile.parse("[a]\nflag=perhaps\nnumber=12x\n", "x");
  assert.throws(() => file.getBoolean("a", "flag"), { code: "formats-keyfile-value" });
  assert.throws(() => file.getInteger("a", "number"), { code: "formats-keyfile-value" });
  assert.throws(() => file.setRaw("a", "b", "two\nlines"), { code: "formats-keyfile-value" });
  assert.throws(() => file.set("a]", "b", "c"), { code: "formats-keyfile-value" });
});
