// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { loadTreefile } from "../../../src/compose/index.ts";

const data = resolve(import.meta.dirname, "../../../../shared/data/treefiles");

/** Files beside the treefiles that are something else. */
const others = /manifest-lock|image(-base)?\.yaml|overlay\.yml|releases\.yml/;

test("every real treefile is understood", () => {
  const files = globSync("**/*.{json,yaml,yml}", { cwd: data }).filter((name) => !others.test(name));
  assert.ok(files.length >= 28);
  for (const file of files) {
    const path = resolve(data, file);
    if (file === "fedora-coreos-f40-2024/manifests/fedora-coreos.yaml") {
      // A part that only stands with the variables of the file that includes it.
      assert.throws(() => loadTreefile(path), {
        code: "compose-treefile-value",
        message: /variable prod has no value/,
      });
    } else {
      assert.equal(loadTreefile(path).format, "rpm", file);
    }
  }
});
