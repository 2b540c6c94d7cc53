// SPDX-License-Identifier: Apache-2.0
/** Images are byte for byte what libcomposefs writes. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writeComposefsImage } from "../../src/formats/index.ts";
import { makeSample } from "./composefs-sample.ts";

const newest = execFileSync(join(import.meta.dirname, "../../tools/newest-ostree"), { encoding: "utf8" }).trim();

test("random trees, with everything that a dump can say", () => {
  const directory = mkdtempSync(join(tmpdir(), "atomic-test-"));
  try {
    for (let seed = 1; seed <= 60; seed++) {
      const { root, table, dump } = makeSample(seed, seed === 60 ? 30_000 : 20 * seed);
      writeFileSync(join(directory, "dump"), dump);
      const image = join(directory, "stock.cfs");
      rmSync(image, { force: true });
      execFileSync(join(newest, "bin/mkcomposefs"), ["--from-file", join(directory, "dump"), image]);
      const pieces: Buffer[] = [];
      writeComposefsImage(root, table, (piece) => pieces.push(Buffer.from(piece)));
      assert.ok(Buffer.concat(pieces).equals(readFileSync(image)), `seed ${seed}`);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
