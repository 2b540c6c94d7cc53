// SPDX-License-Identifier: Apache-2.0
// The disk of `power-cuts.ts`, written and read by QEMU's own client.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { Random } from "../fuzz/mutate.ts";
import { scratch } from "../host/fixture.ts";
import { blockSize, VolatileDisk } from "./volatile-disk.ts";

const run = promisify(execFile);
const blocks = 64;

test("what was flushed outlives a power cut; of the rest each block has one of its contents", async (t) => {
  const path = join(scratch(t), "nbd");
  const disk = new VolatileDisk(Buffer.alloc(blocks * blockSize));
  await disk.listen(path);
  t.after(() => disk.close());
  /** `-t writeback`: it flushes when it is told to, and at its end. */
  const io = async (...commands: string[]) => {
    const words = commands.flatMap((command) => ["-c", command]);
    return (await run("qemu-io", ["-t", "writeback", "-f", "raw", ...words, `nbd:unix:${path}`])).stdout;
  };
  const all = (pattern: number, from: number) => `write -P ${pattern} ${from * blockSize} ${(blocks / 2) * blockSize}`;
  const random = new Random(3);
  await io(all(1, 0), all(1, blocks / 2), "flush");
  assert.deepEqual(disk.cutPower(random), { unflushed: 0, lost: 0 });
  // abort: QEMU ends without a flush, as when it is killed.
  for (let round = 0; round < 8; round++) {
    await assert.rejects(io(all(2, 0), all(3, 0), "abort"));
    const { unflushed, lost } = disk.cutPower(random);
    assert.equal(unflushed, blocks / 2);
    const contents = disk.contents();
    const found = Array.from({ length: blocks }, (_, block) =>
      contents.subarray(block * blockSize, (block + 1) * blockSize),
    );
    for (const content of found)
      assert.ok(
        content.every((byte) => byte === content[0]),
        "blocks are whole",
      );
    assert.ok(
      found.slice(blocks / 2).every((content) => content[0] === 1),
      "what was flushed",
    );
    assert.ok(found.slice(0, blocks / 2).every((content) => [1, 2, 3].includes(content[0]!)));
    assert.equal(found.slice(0, blocks / 2).filter((content) => content[0] !== 3).length <= lost, true);
    await io(all(1, 0), "flush");
  }
});
