// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { requireProgram, run, runBytes } from "../../src/base/index.ts";

test("output, input and accepted exit codes", async () => {
  assert.equal((await run("cat", [], { input: "hello" })).stdout, "hello");
  assert.equal((await run("sh", ["-c", "exit 3"], { accept: [3] })).code, 3);
  assert.deepEqual([...(await runBytes("printf", ["\\377"]))], [255]);
  assert.equal((await run("env", [], { cleanEnv: true, env: { A: "b" } })).stdout, "A=b\n");
});

test("a failure names the program, its exit code and its last lines", async () => {
  await assert.rejects(run("sh", ["-c", "echo first >&2; echo last >&2; exit 4"]), {
    code: "base-process-failed",
    message: "sh exited with 4\n  first\n  last",
  });
  await assert.rejects(run("sh", ["-c", "kill -9 $$"]), { code: "base-process-failed", message: /SIGKILL/ });
});

test("a program that is not installed is told as such", async () => {
  await assert.rejects(run("no-such-program-here", []), { code: "base-program-missing" });
  assert.throws(() => requireProgram("no-such-program-here"), { code: "base-program-missing" });
});
