// SPDX-License-Identifier: Apache-2.0
/** Deltas that stock makes, applied by us: in every mode, with every option; stock checks the result. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { PartApplier } from "../../../src/ostree/delta/apply-part.ts";
import { encodeObjects } from "../../../src/ostree/delta/format.ts";
import { encodePart, encodePartPayload } from "../../../src/ostree/delta/part-format.ts";
import {
  applyDeltaOffline,
  type Checksum,
  encodeFileHeader,
  listDeltas,
  Repo,
  type RepoMode,
  Transaction,
} from "../../../src/ostree/index.ts";
import { verifyObject } from "../../../src/ostree/verify-object.ts";
import { stock, temporary } from "../fixture.ts";
import { makeTwoCommits, type TwoCommits } from "./fixture.ts";

let scratch: ReturnType<typeof temporary>;
let source: string;
let commits: TwoCommits;

before(() => {
  scratch = temporary();
  source = join(scratch.path, "source");
  commits = makeTwoCommits(source, scratch.path);
});
after(() => scratch[Symbol.dispose]());

const options = {
  "as it is by default": [],
  "big-endian": ["--set-endianness=B"],
  "in one file": ["--inline"],
  "without bsdiff": ["--disable-bsdiff"],
  "in small parts": ["--max-chunk-size=1"],
} as const;

let number = 0;

/** A repository that has the older commit only. */
function olderRepo(mode: RepoMode): Repo {
  const path = join(scratch.path, `repo-${++number}`);
  stock("init", `--repo=${path}`, `--mode=${mode}`);
  stock("pull-local", `--repo=${path}`, "--disable-fsync", source, commits.from);
  return Repo.open(path);
}

function generate(...flags: readonly string[]): string {
  const name = `delta-${++number}`;
  stock("init", `--repo=${join(scratch.path, name)}`, "--mode=archive");
  stock("pull-local", `--repo=${join(scratch.path, name)}`, source, commits.from, commits.to);
  stock("static-delta", "generate", `--repo=${join(scratch.path, name)}`, "--min-fallback-size=0", ...flags);
  return listDeltas(Repo.open(join(scratch.path, name)))[0]!.path;
}

async function applied(repo: Repo, delta: string): Promise<void> {
  assert.deepEqual(await applyDeltaOffline(repo, delta), { to: commits.to });
  repo.setRef("test", commits.to);
  stock("fsck", "-q", `--repo=${repo.path}`);
  assert.equal(stock("ls", "-RCX", `--repo=${repo.path}`, "test"), stock("ls", "-RCX", `--repo=${source}`, "test"));
}

for (const [name, flags] of Object.entries(options)) {
  test(`a delta ${name} is applied`, () =>
    applied(olderRepo("bare"), generate(`--from=${commits.from}`, `--to=${commits.to}`, ...flags)));
}

for (const mode of ["bare-user", "archive"] as const) {
  test(`a delta is applied in mode ${mode}`, () =>
    applied(olderRepo(mode), generate(`--from=${commits.from}`, `--to=${commits.to}`)));
}

test("a delta from nothing is applied to an empty repository", async () => {
  const path = join(scratch.path, "empty");
  stock("init", `--repo=${path}`, "--mode=bare");
  await applied(Repo.open(path), generate("--empty", `--to=${commits.to}`));
});

test("objects and parts that are not held in memory are mapped files, with the same result", async () => {
  const large = Buffer.alloc(50 << 20, "text that goes on and on\n");
  const header = { uid: 0, gid: 0, mode: 0o100644, symlink: "", xattrs: [] };
  const checksumOf = (content: Buffer) =>
    createHash("sha256").update(encodeFileHeader(header)).update(content).digest("hex") as Checksum;
  const later = Buffer.concat([large.subarray(7), Buffer.from("end")]);
  const patched = Buffer.from(large);
  patched[patched.length - 1]! += 3;
  const patch = Buffer.concat([Buffer.alloc(24), Buffer.alloc(large.length - 1), Buffer.of(3)]);
  patch.writeBigUInt64LE(BigInt(large.length), 0);
  const sums = [large, later, patched].map((content) => checksumOf(content));
  const data = Buffer.concat([large, patch, Buffer.from(sums[0]!, "hex"), Buffer.from("end")]);
  const size = data.length;
  const base = varint(size - 35);
  const op = (letters: string, ...numbers: Buffer[]) => Buffer.concat([Buffer.from(letters), ...numbers]);
  const operations = Buffer.concat([
    op("S\0\0", varint(large.length), varint(0)),
    // The second and the third build on the first, which this part has made.
    op("o\0\0", varint(later.length), op("r", base), op("w", varint(large.length - 7), varint(7))),
    op("Rw", varint(3), varint(size - 3), op("c")),
    op("o\0\0", varint(large.length), op("r", base), op("B", varint(large.length), varint(patch.length)), op("c")),
  ]);
  const payload = encodePartPayload({ modes: [header], xattrs: [[]], data: [data], operations });
  const objects = encodeObjects(sums.map((checksum) => ({ type: "file", checksum })));
  const usize = large.length + later.length + patched.length;
  for (const mode of ["bare-user", "archive"] as const) {
    const repo = Repo.init(join(scratch.path, `large-${mode}`), mode);
    using transaction = Transaction.begin(repo);
    const applier = new PartApplier({ store: transaction.store });
    const path = join(scratch.path, `part-${mode}`);
    const compressed = mode === "archive" ? encodePart(0, payload) : encodePart(0x78, xz(payload));
    writeFileSync(path, compressed);
    const bounds = { objects, usize, to: commits.to };
    assert.deepEqual(applier.run({ index: 0, bounds, source: { path } }), { metadata: 0, content: 3, written: usize });
    transaction.commit();
    for (const checksum of sums) await verifyObject(repo.objectPath(checksum, "file"), checksum, "file", mode);
  }
});

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return Buffer.from([...bytes, value]);
}

function xz(bytes: Buffer): Buffer {
  return execFileSync("xz", ["-c", "-0"], { input: bytes, maxBuffer: 1 << 28 });
}
