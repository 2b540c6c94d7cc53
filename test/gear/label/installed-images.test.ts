// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { InstalledImages } from "../../../src/gear/label/index.ts";

test("what several commands install at the same time is all known afterwards", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "atomic-installed-"));
  t.after(() => rmSync(root, { recursive: true }));
  const module = join(import.meta.dirname, "../../../src/gear/label/installed-images.ts");
  const script = `const { InstalledImages } = await import(${JSON.stringify(module)});
    const [root, own] = process.argv.slice(-2);
    for (let index = 0; index < 10; index++) {
      const image = own + index;
      await new InstalledImages(root).add({ image, name: image, id: "x", at: 0 });
    }`;
  const node = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", script, "--", root];
  await Promise.all(["a", "b", "c"].map((own) => promisify(execFile)(process.execPath, [...node, own])));
  assert.equal(new InstalledImages(root).all().length, 30);
});
