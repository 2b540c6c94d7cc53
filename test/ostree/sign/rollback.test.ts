// SPDX-License-Identifier: Apache-2.0
/** Whoever serves an old state of a repository has good signatures for it: only the commits' times tell. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { removeTree } from "../../../src/base/index.ts";
import {
  addRemote,
  pull,
  type PullOptions,
  Repo,
  scanTree,
  updateSummary,
  writeCommit,
  writeTree,
} from "../../../src/ostree/index.ts";

const directory = mkdtempSync(join(tmpdir(), "rollback-test-"));
const published = join(directory, "published");
const timestamps = { first: 1_000_100_000n, second: 1_500_000_000n, again: 1_500_000_000n, last: 1_600_000_000n };
type State = keyof typeof timestamps;
const commits = new Map<string, string>();

before(async () => {
  mkdirSync(join(directory, "tree"));
  writeFileSync(join(directory, "tree/file"), "content");
  const repo = Repo.init(published, "archive");
  const tree = await writeTree(repo, scanTree(join(directory, "tree")));
  for (const [state, timestamp] of Object.entries(timestamps)) {
    commits.set(state, writeCommit(repo, { ...tree, ref: "main", subject: state, timestamp }));
    await updateSummary(repo);
    cpSync(published, join(directory, state), { recursive: true });
  }
});
after(() => removeTree(directory));

let count = 0;

/** A repository that has the state `has` of the remote. */
async function target(has: State): Promise<Repo> {
  const repo = Repo.init(join(directory, `target-${++count}`), "bare-user");
  addRemote(repo, "origin", { url: `file://${published}`, set: new Map([["gpg-verify", false]]) });
  await pull(repo, { remote: "origin", url: `file://${join(directory, has)}`, refs: ["main"] });
  assert.equal(repo.resolve("origin:main"), commits.get(has));
  return repo;
}

function pullFrom(repo: Repo, state: State, options: PullOptions = {}): Promise<unknown> {
  return pull(repo, { remote: "origin", url: `file://${join(directory, state)}`, refs: ["main"], ...options });
}

/** Whether stock pulls it, and its words. */
function stockPulls(repo: Repo, state: State, ...args: string[]): { status: number | null; error: string } {
  const words = [`--repo=${repo.path}`, "pull", `--url=file://${join(directory, state)}`, ...args, "origin", "main"];
  const { status, stderr } = spawnSync("ostree", words, { encoding: "utf8", env: { ...process.env, LC_ALL: "C" } });
  return { status, error: /error: (.*)/.exec(stderr)?.[1] ?? "" };
}

test("an old state is refused with the check of timestamps, in stock's words", async () => {
  const cases: [State, State, boolean][] = [
    ["second", "first", false],
    ["last", "again", false],
    ["second", "again", true],
    ["again", "second", true],
    ["first", "last", true],
    ["last", "last", true],
  ];
  for (const [has, offered, fine] of cases) {
    const repo = await target(has);
    const stock = stockPulls(await target(has), offered, "--timestamp-check");
    assert.equal(stock.status === 0, fine, `${has} to ${offered}: ${stock.error}`);
    const attempt = pullFrom(repo, offered, { timestampCheck: true });
    if (fine) await attempt;
    else await assert.rejects(attempt, { code: "ostree-pull-refused", message: stock.error });
    assert.equal(repo.resolve("origin:main"), commits.get(fine ? offered : has));
  }
});

test("measured from a revision of one's own", async () => {
  const repo = await target("second");
  const from = commits.get("second")!;
  const stock = stockPulls(await target("second"), "first", `--timestamp-check-from-rev=${from}`);
  assert.equal(stock.status, 1);
  const attempt = pullFrom(repo, "first", { timestampCheckFrom: from });
  await assert.rejects(attempt, { code: "ostree-pull-refused", message: stock.error });
  await pullFrom(repo, "last", { timestampCheckFrom: from });
});

test("without the check an old state is taken, as by stock", async () => {
  const repo = await target("last");
  assert.equal(stockPulls(await target("last"), "first").status, 0);
  await pullFrom(repo, "first");
  assert.equal(repo.resolve("origin:main"), commits.get("first"));
});
