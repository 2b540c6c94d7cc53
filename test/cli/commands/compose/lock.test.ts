// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { TestArchive, tinyBase } from "../../../compose/archive.ts";

const entry = resolve(import.meta.dirname, "../../../../src/cli/atomic.ts");
let scratch: string;
let archive: TestArchive;
before(async () => {
  scratch = mkdtempSync(join(tmpdir(), "lock-cli-"));
  archive = new TestArchive(scratch);
  const versions = ["1", "2"].flatMap((version) => [
    { name: "extra", version, files: { "/usr/bin/extra": version } },
    { name: "other", version, files: { "/usr/bin/other": version } },
  ]);
  await archive.publish([...tinyBase(), ...versions]);
  writeFileSync(
    join(scratch, "tree.yaml"),
    `ref: tiny/host\nbasearch: x86_64\n${archive.apt}packages: [extra, other]\n`,
  );
});
after(async () => {
  await archive[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true });
});

function atomic(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number; stdout: string; stderr: string }>();
  const argv = ["--disable-warning=ExperimentalWarning", entry, "compose", ...args, "--cachedir=cache"];
  execFile(process.execPath, argv, { cwd: scratch }, (error, stdout, stderr) => {
    resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
  });
  return promise;
}

type Lock = { packages: Record<string, { evra: string; digest?: string }> };
const read = (name: string) => JSON.parse(readFileSync(join(scratch, name), "utf8")) as Lock;

/** The default lockfile, with some packages at version 1. */
function hold(...names: string[]): void {
  const lock = read("tree-lock.x86_64.json");
  for (const name of names) lock.packages[name] = { evra: "1.amd64" };
  writeFileSync(join(scratch, "tree-lock.x86_64.json"), JSON.stringify(lock));
}

const dryRun = (...options: string[]) =>
  atomic("tree", "tree.yaml", "--repo=repo", "--dry-run", "--progress=none", ...options);
const lock = "--lockfile=tree-lock.x86_64.json";

test("versions are written, checked, held and let go one by one", async () => {
  const first = await atomic("lock", "tree.yaml");
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^5 packages in .*\/tree-lock.x86_64.json\n$/);
  assert.equal(read("tree-lock.x86_64.json").packages["extra"]?.evra, "2.amd64");
  assert.match(read("tree-lock.x86_64.json").packages["extra"]?.digest ?? "", /^sha256:[0-9a-f]{64}$/);
  assert.equal((await atomic("lock", "tree.yaml", "--check")).code, 0);
  hold("extra", "other");
  const check = await atomic("lock", "tree.yaml", "--check");
  assert.equal(check.code, 1);
  assert.match(check.stdout, /^extra 1 -> 2\nother 1 -> 2\n5 packages/);
  const tree = await dryRun(lock, "--write-lockfile-to=written.json");
  assert.match(tree.stdout, /^extra 1 amd64\nother 1 amd64$/m);
  assert.equal(read("written.json").packages["extra"]?.evra, "1.amd64");
  const update = await atomic("lock", "tree.yaml", "--update=extra");
  assert.match(update.stdout, /^extra 1 -> 2\n5 packages/);
});

test("locks that nothing fits are told, and strict ones let nothing else in", async () => {
  writeFileSync(join(scratch, "pin.yaml"), "packages: {extra: {evr: '9'}, unwanted: {evr: '1'}}\n");
  const missing = await dryRun("--lockfile=pin.yaml", "--progress=plain");
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /locked package extra 9 is not in the repositories; there is 2 \(\S+\), 1 \(\S+\)/);
  assert.match(missing.stderr, /locked package unwanted 1 .* there is none/);
  assert.match(missing.stderr, /error\[packages-unknown\]/);
  writeFileSync(join(scratch, "few.yaml"), "packages: {extra: {evr: '1'}}\n");
  const strict = await dryRun("--ex-lockfile=few.yaml", "--ex-lockfile-strict");
  assert.equal(strict.code, 1);
  assert.match(strict.stderr, /other/);
  const wrong = JSON.stringify({ packages: { extra: { evra: "1.amd64", digest: `sha256:${"0".repeat(64)}` } } });
  writeFileSync(join(scratch, "digest.json"), wrong);
  const digest = await dryRun("--lockfile=digest.json", "--progress=plain");
  assert.equal(digest.code, 1);
  assert.match(digest.stderr, /extra 1 with this digest is not/);
});

test("strict locks need locks", async () => {
  const { code, stderr } = await dryRun("--lockfile-strict");
  assert.equal(code, 2);
  assert.match(stderr, /without --lockfile/);
});
