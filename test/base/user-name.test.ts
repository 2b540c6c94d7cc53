// SPDX-License-Identifier: Apache-2.0
// Runs as other users, which only root can.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

const source = join(import.meta.dirname, "../../src/base/user-name.ts");

/** Loads before it becomes another user, who may not be able to read the source. */
function userNameOf(uid: number): string {
  const script = `import { userName } from ${JSON.stringify(source)}; process.setuid(${uid}); console.log(userName());`;
  return execFileSync(process.execPath, [...process.execArgv, "--input-type=module", "--eval", script], {
    encoding: "utf8",
  }).trim();
}

test("a user is called as id does", () => {
  const uid = Number(execFileSync("id", ["-u", "nobody"], { encoding: "utf8" }));
  for (const each of [0, uid])
    assert.equal(userNameOf(each), execFileSync("id", ["-un", `${each}`], { encoding: "utf8" }).trim());
});

test("a user without an entry in passwd is called by number", () => {
  assert.equal(userNameOf(54_321), "54321");
});
