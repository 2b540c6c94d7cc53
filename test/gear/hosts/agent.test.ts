// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { PassThrough, Writable } from "node:stream";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { serveHost } from "../../../src/gear/hosts/agent.ts";

test("a host does not keep in memory what a slow connection has not taken", async () => {
  const input = new PassThrough();
  let pieces = 0;
  const served = serveHost({
    input,
    output: new Writable({ write() {} }),
    version: "1",
    address: "127.0.0.1",
    connect: () => Promise.reject(new Error("nothing is deployed")),
    async runProgram(_words, output, signal) {
      while (!signal.aborted && pieces < 1000) {
        pieces++;
        await output("stdout", "x".repeat(1 << 16));
      }
      return 0;
    },
  });
  input.write(`${JSON.stringify({ id: 1, request: "run", given: { words: ["logs"] } })}\n`);
  for (let turns = 0; turns < 2000; turns++) await turn();
  assert.equal(pieces, 1);
  input.end();
  await served;
});
