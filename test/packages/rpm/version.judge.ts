// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { rpmvercmp } from "../../../src/formats/index.ts";
import { compareEvr, parseEvr } from "../../../src/packages/index.ts";

const data = join(import.meta.dirname, "../../../../shared/data/versions");

function judge(file: string, compare: (a: string, b: string) => number): void {
  test(`versions compare as rpm says: ${file}`, () => {
    const lines = readFileSync(join(data, file), "utf8").split("\n");
    const rows = lines.filter((line) => line !== "" && !line.startsWith("#")).map((line) => line.split("\t"));
    assert.ok(rows.length > 80);
    for (const [a = "", b = "", expected] of rows) {
      assert.equal(compare(a, b), Number(expected), `${a} against ${b}`);
      assert.equal(compare(b, a), -Number(expected) || 0, `${b} against ${a}`);
    }
  });
}

judge("rpm-rpmvercmp.tsv", rpmvercmp);
judge("rpm-evr-fuzz.tsv", (a, b) => compareEvr(parseEvr(a), parseEvr(b)));
