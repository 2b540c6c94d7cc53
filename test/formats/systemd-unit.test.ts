// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SystemdUnit } from "../../src/formats/index.ts";

const sample = `# head
[Unit]
Description=A sample
# inside
After=a.service \\
# comment in a value
  b.service
After=

[Service]
ExecStart = /bin/true  
Environment=A=1
Environment=B=2

[Unit]
Wants=c.service
`;

test("sections of one name are one, keys repeat, an empty value takes back those before", () => {
  const unit = SystemdUnit.parse(sample, "a.service");
  assert.deepEqual(unit.sections(), ["Unit", "Service"]);
  assert.deepEqual(unit.keys("Unit"), ["Description", "After", "Wants"]);
  assert.deepEqual(unit.getAll("Service", "Environment"), ["A=1", "B=2"]);
  assert.deepEqual(unit.getAll("Unit", "After"), []);
  assert.equal(unit.get("Unit", "After"), "");
  assert.equal(unit.get("Service", "ExecStart"), "/bin/true");
  assert.deepEqual(
    unit.entries("Unit").map(({ key, where }) => [key, where]),
    [
      ["Description", "a.service:3"],
      ["After", "a.service:5"],
      ["After", "a.service:8"],
      ["Wants", "a.service:16"],
    ],
  );
});

test("it is written as it was, the parts of a section together", () => {
  const text = SystemdUnit.parse(sample, "a.service").toString();
  assert.equal(
    text,
    "# head\n[Unit]\nDescription=A sample\n# inside\nAfter=a.service  b.service\nAfter=\nWants=c.service\n\n" +
      "[Service]\nExecStart=/bin/true\nEnvironment=A=1\nEnvironment=B=2\n",
  );
  assert.equal(SystemdUnit.parse(text, "again").toString(), text);
});

test("units of the system survive reading and writing: systemd says the same of both", () => {
  const from = "/usr/lib/systemd/system";
  const directory = mkdtempSync(join(tmpdir(), "atomic-unit-"));
  // An empty one masks its unit.
  const names = readdirSync(from).filter(
    (name) => /^[a-z-]+\.service$/.test(name) && statSync(join(from, name)).size > 0,
  );
  assert.ok(names.length > 5);
  for (const name of names) {
    const unit = SystemdUnit.parse(readFileSync(join(from, name), "utf8"), name);
    const again = SystemdUnit.parse(unit.toString(), name);
    for (const section of unit.sections()) {
      const values = (one: SystemdUnit) => one.entries(section).map(({ key, value }) => [key, value]);
      assert.deepEqual(values(again), values(unit), name);
    }
    writeFileSync(join(directory, name), unit.toString());
  }
  const verify = (where: string) => {
    const { stderr } = spawnSync(
      "systemd-analyze",
      ["--man=no", "verify", ...names.slice(0, 40).map((name) => join(where, name))],
      { encoding: "utf8" },
    );
    return stderr.replaceAll(`${where}/`, "").replace(/:\d+:/g, ":").split("\n").toSorted();
  };
  assert.deepEqual(verify(directory), verify(from));
  rmSync(directory, { recursive: true });
});

test("a value goes on as systemd reads it: the backslash is a space, an empty line and the end of the file end it", () => {
  const read = (text: string) => SystemdUnit.parse(`[A]\n${text}`, "t").getAll("A", "K");
  assert.deepEqual(read("K=a\\\nb\\\n  c\n"), ["a b c"]);
  assert.deepEqual(read("K=a \\\n\nK=b"), ["a", "b"]);
  assert.deepEqual(read("K=a \\\n; comment\n# comment\\\n b"), ["a  b"]);
  assert.deepEqual(read("K=a\\\\\nK=b \\"), ["a\\\\", "b"]);
  assert.deepEqual(read("K=a\\ \nK=b"), ["a\\", "b"]);
});

test("... and as podman does: the backslash is nothing, white space behind it does not count, empty lines are passed over", () => {
  const read = (text: string) => SystemdUnit.parse(`[A]\n${text}`, "t", "podman").getAll("A", "K");
  assert.deepEqual(read("K=a\\\nb\\\n  c\n"), ["abc"]);
  assert.deepEqual(read("K=a \\ \n\n# c\n\n b\nK=d"), ["a b", "d"]);
});

test("lines that are nothing are refused with their number", () => {
  const refused = (text: string, message: RegExp) =>
    assert.throws(() => SystemdUnit.parse(text, "x.service"), { code: "formats-systemd-unit", message });
  refused("[Unit]\nAfter\n", /^x\.service:2: "After" is no section, key or comment$/);
  refused("A=1\n", /^x\.service:1: a key before the first section$/);
  refused("[Unit]\nA=\\\nb\n=c\n", /^x\.service:4: /);
  refused("[Unit] x\n", /^x\.service:1: /);
  refused(`[Unit]\nA=${"x".repeat(1024 * 1024)}`, /too long/);
});

test("a value of 300,000 lines is read in time that grows with their number", () => {
  const unit = SystemdUnit.parse(`[A]\nK=${"a\\\n".repeat(300_000)}`, "t");
  assert.equal(unit.getAll("A", "K")[0]?.length, 599_999);
});

test("values are added, replaced, removed; sections renamed and merged", () => {
  const unit = SystemdUnit.empty();
  unit.add("Unit", "After", "a.target");
  unit.prepend("Unit", "Wants", "a.target");
  unit.set("Unit", "After", "b.target");
  unit.set("Service", "Type", "notify");
  unit.renameSection("Service", "X-Service");
  unit.merge(SystemdUnit.parse("[Unit]\nAfter=c.target", "drop-in"));
  unit.remove("Unit", "Wants");
  const copy = unit.copy();
  copy.renameSection("X-Service", "Unit");
  assert.equal(unit.toString(), "[Unit]\nAfter=b.target\nAfter=c.target\n\n[X-Service]\nType=notify\n");
  assert.equal(copy.toString(), "[Unit]\nAfter=b.target\nAfter=c.target\nType=notify\n");
});

test("what would begin another key or eat the next line is refused", () => {
  const unit = SystemdUnit.empty();
  for (const value of ["a\nExecStart=/bin/evil", "a\\", "a\r", "a\0", " a"]) {
    assert.throws(() => unit.add("Service", "Description", value), { code: "formats-systemd-unit" }, value);
  }
  for (const key of ["", "a=b", "a\nb", "#a", "[a"]) {
    assert.throws(() => unit.add("Service", key, "x"), { code: "formats-systemd-unit" }, key);
  }
  assert.throws(() => unit.add("A]\n[B", "key", "x"), { code: "formats-systemd-unit" });
});
