// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { hostError, Sysroot } from "../../src/host/index.ts";
import { newSysroot } from "./fixture.ts";

/** Holds the lock of a system root until its input ends. */
const holder = `
  const { Sysroot } = await import(process.argv[3]);
  const lock = await Sysroot.open(process.argv[2]).lock(0);
  console.log("held");
  process.stdin.resume().on("end", () => lock.release());
`;

test("who comes second is told who is busy, waits, and goes on when the first is done", async (t) => {
  const { root, path } = newSysroot(t);
  const script = join(root, "holder.mjs");
  writeFileSync(script, holder);
  const host = join(import.meta.dirname, "../../src/host/index.ts");
  const child = spawn(process.execPath, [script, path, host], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => child.kill());
  const began = Date.now() / 1000;
  await once(child.stdout, "data");
  const who = new RegExp(
    `holder\\.mjs ${path} .*\\(process ${child.pid}, since (\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d) UTC\\)`,
  );
  await assert.rejects(Sysroot.open(path).lock(0), (error: Error) => {
    assert.ok(hostError.is(error, "busy"));
    const since = Date.parse(`${who.exec(error.message)?.[1]?.replace(" ", "T")}Z`) / 1000;
    assert.ok(Math.abs(since - began) < 60, error.message);
    return true;
  });
  const told: string[] = [];
  const second = Sysroot.open(path).lock(60_000, (text) => {
    told.push(text);
    child.stdin.end();
  });
  (await second).release();
  assert.match(told[0]!, who);
});
