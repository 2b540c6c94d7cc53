// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { loadTreefile } from "../../../src/compose/index.ts";

const data = resolve(import.meta.dirname, "../../../../shared/data/treefiles");

test("real treefiles are understood; what only RPM trees have is refused by name", () => {
  const files = globSync("**/{*host*,manifest,fedora-coreos,*target*}.{json,yaml}", { cwd: data });
  assert.ok(files.length >= 5);
  for (const file of files) {
    assert.throws(() => loadTreefile(resolve(data, file)), { code: "compose-treefile-unsupported" }, file);
  }
  const part = loadTreefile(resolve(data, "fedora-coreos-f40-2024/manifests/networking-tools.yaml"));
  assert.ok(part.packages.includes("NetworkManager"));
});
