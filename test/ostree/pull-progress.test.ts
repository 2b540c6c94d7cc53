// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { ProgressEvent } from "../../src/base/index.ts";
import { pull, Repo, serveDirectory } from "../../src/ostree/index.ts";
import { stock, temporary } from "./fixture.ts";

type Steps = ProgressEvent & { type: "steps" };

async function stepsOf(directory: string, sizes: boolean): Promise<{ steps: Steps[]; archived: number }> {
  const tree = join(directory, "tree");
  mkdirSync(tree);
  for (let index = 0; index < 40; index++) writeFileSync(join(tree, `${index}`), randomBytes(20_000));
  const source = join(directory, "source");
  stock(`--repo=${source}`, "init", "--mode=archive");
  stock(`--repo=${source}`, "commit", "-b", "main", `--tree=dir=${tree}`, ...(sizes ? ["--generate-sizes"] : []));
  await using server = await serveDirectory(source);
  const steps: Steps[] = [];
  const repo = Repo.init(join(directory, "target"), "bare-user");
  const { transferred } = await pull(repo, { url: server.url, refs: ["main"], updateFrequency: 5 }, (event) => {
    if (event.type === "steps") steps.push(event);
  });
  return { steps, archived: transferred };
}

test("a commit that tells its sizes: the whole is known before the first object", async () => {
  using scratch = temporary();
  const { steps, archived } = await stepsOf(scratch.path, true);
  const [first] = steps;
  assert.equal(first!.unit, "bytes");
  assert.equal(first!.done, 0);
  assert.ok(first!.total! > 40 * 20_000 && first!.total! <= archived, `${first!.total} of ${archived}`);
  assert.deepEqual(new Set(steps.map(({ total }) => total)).size, 1, "the total does not change");
  const last = steps.at(-1)!;
  assert.equal(last.done, last.total);
  for (const { secondsLeft } of steps.slice(1)) assert.ok(secondsLeft === undefined || secondsLeft >= 0);
});

test("a commit that does not: the objects known so far, said to grow until the directories are here", async () => {
  using scratch = temporary();
  const { steps } = await stepsOf(scratch.path, false);
  assert.deepEqual(new Set(steps.map(({ unit }) => unit)), new Set(["objects"]));
  const last = steps.at(-1)!;
  assert.deepEqual([last.done, last.total, last.growing], [42, 42, undefined]);
});
