// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { compareDebianVersions, parseDebianVersion } from "../../../src/packages/index.ts";

const data = join(import.meta.dirname, "../../../../shared/data/versions");

function rows(name: string): string[][] {
  const lines = readFileSync(join(data, name), "utf8").split("\n");
  return lines.filter((line) => line !== "" && !line.startsWith("#")).map((line) => line.split("\t"));
}

for (const name of ["deb-dpkg-Dpkg_Version.tsv", "deb-fuzz.tsv"]) {
  test(`versions compare as dpkg says: ${name}`, () => {
    for (const [a = "", b = "", expected] of rows(name)) {
      assert.equal(compareDebianVersions(a, b), Number(expected), `${a} against ${b}`);
      assert.equal(compareDebianVersions(b, a), -Number(expected) || 0, `${b} against ${a}`);
    }
  });
}

test("versions are taken apart and refused as dpkg says: deb-parse.tsv", () => {
  for (const [written = "", verdict, epoch, upstream, revision] of rows("deb-parse.tsv")) {
    const input = written.replaceAll("\\t", "\t");
    if (verdict === "ok") {
      assert.deepEqual(parseDebianVersion(input), { epoch: Number(epoch), upstream, revision: revision ?? "" }, input);
    } else {
      assert.throws(() => parseDebianVersion(input), { code: "packages-bad-version" }, `${verdict}: ${input}`);
    }
  }
});
