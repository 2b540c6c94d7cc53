// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";

/** At a terminal, as script(1) has one: `key` is typed when the question is asked. */
async function ask(key: string): Promise<string> {
  const module = join(import.meta.dirname, "../../../../src/cli/commands/gear/consent.ts");
  const program = `const { requireConsent } = await import(${JSON.stringify(module)});
    const invocation = { flag: () => false, values: () => [] };
    await requireConsent(invocation, "x", [{ permission: "mounts", what: "/x" }]).then(
      () => console.log("allowed"), ({ code }) => console.log("refused " + code));`;
  const node = [process.execPath, "--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", program];
  const words = node.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(" ");
  const child = spawn("script", ["--quiet", "--command", words, "/dev/null"]);
  let shown = "";
  child.stdout.on("data", (piece: Buffer) => {
    const asked = shown.includes("[y/N]");
    shown += piece.toString();
    if (!asked && shown.includes("[y/N]")) child.stdin.write(key);
  });
  await once(child, "close");
  return shown;
}

test("only a yes at the terminal allows what is asked for; Ctrl-C and Ctrl-D do not", async () => {
  assert.match(await ask("yes\r"), /mounts: \/x[^]*^allowed\r$/m);
  for (const key of ["\r", "\u0003", "\u0004"]) assert.match(await ask(key), /refused gear-permission\r$/m);
});
