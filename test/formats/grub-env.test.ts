// SPDX-License-Identifier: Apache-2.0
// grub-editenv is the judge.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { decodeGrubEnv, encodeGrubEnv } from "../../src/formats/index.ts";

test("GRUB's program reads what we write, and we what it writes", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "atomic-grub-env-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "grubenv");
  const variables = new Map([
    ["left", "3"],
    ["odd", "a\\b=c#d e"],
    ["empty", ""],
  ]);
  writeFileSync(file, encodeGrubEnv(variables));
  assert.equal(execFileSync("grub-editenv", [file, "list"], { encoding: "utf8" }), "left=3\nodd=a\\b=c#d e\nempty=\n");
  execFileSync("grub-editenv", [file, "set", "more=x\\y", "left=2"]);
  execFileSync("grub-editenv", [file, "unset", "empty"]);
  const read = decodeGrubEnv(readFileSync(file))!;
  assert.deepEqual(Object.fromEntries(read), { left: "2", odd: "a\\b=c#d e", more: "x\\y" });
  assert.deepEqual(decodeGrubEnv(encodeGrubEnv(read)), read);
});

test("what is no environment block is told apart, and what does not fit is refused", () => {
  assert.equal(decodeGrubEnv(Buffer.alloc(1024)), undefined);
  assert.equal(decodeGrubEnv(encodeGrubEnv(new Map()).subarray(1)), undefined);
  assert.throws(() => encodeGrubEnv(new Map([["x", "y".repeat(1024)]])), /too many/);
});
