// SPDX-License-Identifier: Apache-2.0
/** What patches are made of: they give the new file back whatever the files are, and are small where files are alike. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { encodeXz } from "../../../src/base/index.ts";
import { align } from "../../../src/ostree/delta/align.ts";
import { encodeBsdiff } from "../../../src/ostree/delta/bsdiff.ts";
import { bspatch } from "../../../src/ostree/delta/bspatch.ts";
import { comparisonView } from "../../../src/ostree/delta/elf-view.ts";
import { encodeContent } from "../../../src/ostree/delta/encode-content.ts";
import { sketchOf, SketchIndex } from "../../../src/ostree/delta/sketch.ts";
import { Random } from "../../fuzz/mutate.ts";
import { temporary } from "../fixture.ts";
import { lines, noise } from "./fixture.ts";

function patched(old: Buffer, fresh: Buffer, seeds?: number): Buffer {
  const target = Buffer.alloc(fresh.length, 0xee);
  bspatch(old, encodeBsdiff(old, fresh, align(old, fresh, seeds)), target);
  return target;
}

/** Takes pieces out, puts some in, repeats some, changes bytes. */
function edited(content: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(content);
  for (let edits = random.below(8); edits > 0; edits--) {
    const at = random.below(bytes.length + 1);
    const length = random.below(Math.min(400, bytes.length - at + 1));
    const piece = bytes.subarray(at, at + length);
    const before = bytes.subarray(0, at);
    if (random.below(3) === 0) bytes = Buffer.concat([before, noise(random.below(300), edits), bytes.subarray(at)]);
    else if (random.below(2) === 0) bytes = Buffer.concat([before, bytes.subarray(at + length)]);
    else bytes = Buffer.concat([bytes, piece]);
  }
  for (let edits = random.below(20); edits > 0 && bytes.length > 0; edits--) bytes[random.below(bytes.length)]! ^= 0x11;
  return bytes;
}

const program = readFileSync("/bin/true");

test("a patch gives the new file back, for all kinds of files", () => {
  const random = new Random(11);
  const kinds = [program, lines(300, "x"), noise(9000, 5), Buffer.alloc(5000), Buffer.alloc(3), Buffer.alloc(0)];
  for (const kind of kinds) {
    for (let round = 0; round < 60; round++) {
      const old = edited(kind, random);
      const fresh = edited(round % 3 === 0 ? kind : old, random);
      assert.deepEqual(patched(old, fresh), fresh);
      assert.deepEqual(patched(old, fresh, 16), fresh);
    }
  }
});

test("a file with a new beginning and end is three segments", () => {
  const fresh = Buffer.concat([Buffer.from("a header\n"), program, Buffer.alloc(40)]);
  assert.ok(align(program, fresh).length <= 4);
});

test("a program whose header leads to no table is compared byte by byte", () => {
  // All moves by 64 bytes, and what the ELF header says of sections' places is no longer true.
  const fresh = Buffer.concat([program.subarray(0, 64), noise(64, 3), program.subarray(64)]);
  const changed = encodeBsdiff(program, fresh, align(program, fresh)).filter((byte) => byte !== 0);
  assert.ok(changed.length < 64 + 5 * 24, `${changed.length} bytes differ`);
});

test("the view of damaged programs has their length, and no end of tables is beyond it", () => {
  const random = new Random(3);
  assert.ok(comparisonView(program).tables.length > 0);
  for (let round = 0; round < 300; round++) {
    const damaged = Buffer.from(program.subarray(0, program.length - random.below(3) * random.below(3000)));
    for (let edits = random.below(30); edits > 0; edits--) {
      const near = random.below(2) === 0 ? 64 : damaged.length;
      damaged[random.below(near)] = random.below(256);
    }
    const { bytes, tables } = comparisonView(damaged);
    assert.equal(bytes.length, damaged.length);
    assert.ok(tables.every(({ start, end }) => start < end && end <= damaged.length));
  }
});

test("what compresses badly is carried whole, what is hardly changed in pieces or as a patch", () => {
  const dense = noise(200_000, 9);
  const text = lines(5000, "t");
  const changed = Buffer.concat([text.subarray(0, 60_000), Buffer.from("new"), text.subarray(60_000)]);
  assert.deepEqual(encodeContent(dense, noise(200_000, 8), { bsdiff: true }), {
    kind: "whole",
    data: dense,
    incompressible: true,
  });
  assert.notEqual(encodeContent(changed, text, { bsdiff: true }).kind, "whole");
  assert.equal(encodeContent(changed, text, { bsdiff: false }).kind, "copy");
});

test("a sketch leads to the file with most in common, and from a stranger to none", () => {
  const index = new SketchIndex<string>();
  for (const seed of [1, 2, 3]) index.add(`noise ${seed}`, sketchOf(noise(50_000, seed)));
  index.add("text", sketchOf(lines(2000, "a")));
  const half = Buffer.concat([noise(50_000, 2).subarray(0, 30_000), noise(30_000, 7)]);
  assert.equal(index.mostAlike(sketchOf(half)), "noise 2");
  assert.equal(index.mostAlike(sketchOf(noise(50_000, 77))), undefined);
  assert.equal(index.mostAlike(sketchOf(new Uint8Array())), undefined);
});

test("xz reads what we compress, with every kind of options", () => {
  using scratch = temporary();
  const path = join(scratch.path, "a.xz");
  for (const content of [new Uint8Array(), lines(9000, "x"), noise(70_000, 1)]) {
    for (const options of [{ preset: 0 }, { preset: 9, niceLength: 273, dictionary: 1 << 16 }]) {
      writeFileSync(path, encodeXz(content, options));
      assert.deepEqual(execFileSync("xz", ["-dc", path], { maxBuffer: 1 << 24 }), Buffer.from(content));
    }
  }
});
