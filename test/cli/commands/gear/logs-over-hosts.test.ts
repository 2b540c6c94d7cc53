// SPDX-License-Identifier: Apache-2.0
/** Hosts that say more than anybody reads, behind a program called ssh: no real one stands still at a known place. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const program = join(import.meta.dirname, "../../../../src/cli/atomic.ts");
const quiet = "--disable-warning=ExperimentalWarning";

/** Answers as `gear agent` does, with 64 MiB of lines; `silent` with none. Tells whether it could get rid of them. */
const ssh = `#!${process.execPath}
const { existsSync, writeFileSync } = require("node:fs");
const { createInterface } = require("node:readline");
const host = process.argv.at(-2);
const tell = (what) => writeFileSync(__dirname + "/" + host + "." + what, "");
const send = (message) => process.stdout.write(JSON.stringify(message) + "\\n");
send({ atomic: 1, version: "1" });
createInterface(process.stdin).on("line", async (line) => {
  const { id, request } = JSON.parse(line);
  if (request !== "run") return send({ id, result: {} });
  if (host === "silent") return;
  for (let count = 0; count < 1024; count++) {
    const text = ("1700000000.000001 h app[1]: " + "x".repeat(227) + "\\n").repeat(256);
    if (send({ id, output: "stdout", text })) continue;
    const stuck = setTimeout(() => tell("waits"), 2000);
    await new Promise((resolve) => process.stdout.once("drain", resolve));
    clearTimeout(stuck);
  }
  send({ id, result: { code: 0 } });
  tell("done");
}).on("close", () => process.exit());
`;

function logs(
  t: TestContext,
  options: readonly string[],
): { readonly child: ChildProcess; readonly directory: string } {
  const directory = mkdtempSync(join(tmpdir(), "atomic-hosts-"));
  writeFileSync(join(directory, "ssh"), ssh, { mode: 0o755 });
  const env = { ...process.env, PATH: `${directory}:${process.env["PATH"]}` };
  const child = spawn(process.execPath, [quiet, program, "gear", "logs", "shop", ...options], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => {
    child.kill("SIGKILL");
    rmSync(directory, { recursive: true });
  });
  return { child, directory };
}

/** Whether a host could get rid of all that it had to say, or had to wait. */
async function outcome(directory: string, host: string): Promise<string> {
  for (;;) {
    for (const what of ["done", "waits"]) if (existsSync(join(directory, `${host}.${what}`))) return what;
    await sleep(100);
  }
}

for (const follow of [[], ["--follow"]]) {
  test(`a host waits while nobody reads its lines ${follow.join("")}`, async (t) => {
    const { directory } = logs(t, ["--host=loud", ...follow]);
    assert.equal(await outcome(directory, "loud"), "waits");
  });
}

test("a host waits for one that may have earlier lines; followed, it does not", async (t) => {
  const { child, directory } = logs(t, ["--host=loud", "--host=silent"]);
  child.stdout!.resume();
  assert.equal(await outcome(directory, "loud"), "waits");
  const followed = logs(t, ["--host=loud", "--host=silent", "--follow"]);
  let lines = 0;
  followed.child.stdout!.on("data", (piece: Buffer) => (lines += piece.toString().split("\n").length - 1));
  while (lines < 1000) await sleep(100);
});
