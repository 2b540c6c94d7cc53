// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "../../..");

test("bash completes commands and options by the script that we print", () => {
  const script = `PATH=${root}:$PATH; source <(atomic completion bash)
    COMP_LINE="atomic doct"; COMP_POINT=\${#COMP_LINE}; _atomic; echo "\${COMPREPLY[*]}"
    COMP_LINE="atomic explain --js"; COMP_POINT=\${#COMP_LINE}; _atomic; echo "\${COMPREPLY[*]}"`;
  assert.equal(spawnSync("bash", ["-c", script], { encoding: "utf8" }).stdout, "doctor\n--json\n");
});
