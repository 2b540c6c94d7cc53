// SPDX-License-Identifier: Apache-2.0
/**
 * Runs docs/tutorial.md: `sh` blocks on this machine, `host` blocks in the virtual machine that the `sh run` block
 * starts. `host reboot` is the reboot that its one command asks for.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Machine, startMachine } from "../../src/image/index.ts";
import { serve } from "./fixture.ts";
import { readBlocks, runHere } from "./tutorial-blocks.ts";

const blocks = readBlocks("tutorial.md");

test("every command of the tutorial does what the page says", async () => {
  assert.ok(blocks.length > 10);
  const directory = mkdtempSync(join(tmpdir(), "atomic-tutorial-"));
  const outputs: string[] = [];
  await using machines = new AsyncDisposableStack();
  machines.defer(() => rmSync(directory, { recursive: true, force: true }));
  let machine: Machine | undefined;
  for (const { kind, text } of blocks) {
    if (kind === "sh") outputs.push(await runHere(text, directory));
    else if (kind === "sh run") {
      machines.use(await serve(join(directory, "repo")));
      machine = machines.use(await startMachine({ disk: join(directory, "disk.qcow2") }));
      await machine.waitForBoot(900);
    } else if (kind === "host reboot") await machine!.reboot(900);
    else if (kind === "host") outputs.push((await machine!.run(text, { timeoutSeconds: 900 })).output);
    else assert.fail(`a block of the unknown kind ${kind}`);
  }
  const told = outputs.join("\n");
  const expected = [
    /No changes/,
    /as it should be/,
    /Added.*\n.*tree/,
    /^tree v/m,
    /changed on this machine/,
    /tree is gone/,
  ];
  for (const pattern of expected) assert.match(told, pattern);
});
