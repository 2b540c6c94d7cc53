// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readRpmDatabase, rpmTag } from "../../../../src/packages/index.ts";

const data = join(import.meta.dirname, "../../../../../shared/data/rpm/rpmdb");
const scratch = mkdtempSync(join(tmpdir(), "atomic-rpmdb-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

function names(file: string, as: string): string[] {
  const place = join(scratch, as);
  mkdirSync(place);
  copyFileSync(join(data, file), join(place, as));
  const tags = [rpmTag.name, rpmTag.version, rpmTag.release, rpmTag.architecture];
  return [...readRpmDatabase(place)].map((header) => {
    const [name, version, release, architecture] = tags.map((one) => header.string(one));
    return `${name}-${version}-${release}.${architecture}`;
  });
}

test("the database of rpm's own test suite, in SQLite", () => {
  const expected = readFileSync(join(data, "rpm-testsuite-rpmdb.qa.txt"), "utf8").trim().split("\n");
  const packages = expected.filter((name) => !name.startsWith("gpg-pubkey"));
  assert.deepEqual(names("rpm-testsuite-rpmdb.sqlite", "rpmdb.sqlite").sort(), packages.sort());
});

test("the database of SLE 15's base container image, in ndb", () => {
  const found = names("sle15-bci-Packages.db", "Packages.db");
  assert.equal(found.length, 35);
  assert.ok(found.some((name) => /^bash-[0-9]/.test(name)));
});
