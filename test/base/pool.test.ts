// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { WorkerPool } from "../../src/base/index.ts";
import { Repo } from "../../src/ostree/index.ts";
import { temporary } from "../ostree/fixture.ts";

test(
  "work given to a thread that did not start, or died, fails instead of waiting for ever",
  { timeout: 30_000 },
  async () => {
    using pool = new WorkerPool<string, string>("base/no-such", {}, 1);
    await assert.rejects(pool.run("before it is known"));
    await sleep(10);
    await assert.rejects(pool.run("afterwards"));
  },
);

test("a program waits for the end of threads that answer while they are ended, and goes on", () => {
  using scratch = temporary();
  const repo = Repo.init(join(scratch.path, "repo"), "bare");
  const source = join(import.meta.dirname, "../../src/base/index.ts");
  const program = `
    import { WorkerPool } from ${JSON.stringify(source)};
    for (let round = 0; round < 5; round++) {
      const pool = new WorkerPool("ostree/checkout", { repo: ${JSON.stringify(repo.path)}, options: {} }, 2);
      const answers = [0, 1, 2, 3].map(() => pool.run([]).catch(() => {}));
      await answers[0];
      await pool[Symbol.asyncDispose]();
    }
    console.log("at its end");`;
  const words = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", program];
  const { stdout, status } = spawnSync(process.execPath, words, { encoding: "utf8" });
  assert.deepEqual([stdout, status], ["at its end\n", 0]);
});
