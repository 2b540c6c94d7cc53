// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { bspatch } from "../../../src/ostree/delta/bspatch.ts";
import { noise } from "./fixture.ts";

interface Step {
  readonly added: Uint8Array;
  readonly taken: Uint8Array;
  readonly skip: number;
}

function encode(steps: readonly Step[]): Buffer {
  return Buffer.concat(
    steps.flatMap(({ added, taken, skip }) => {
      const control = Buffer.alloc(24);
      control.writeBigUInt64LE(BigInt(added.length), 0);
      control.writeBigUInt64LE(BigInt(taken.length), 8);
      control.writeBigUInt64LE(skip < 0 ? BigInt(-skip) | (1n << 63n) : BigInt(skip), 16);
      return [control, added, taken];
    }),
  );
}

/** bspatch.c, byte for byte. */
function expected(old: Uint8Array, steps: readonly Step[]): Buffer {
  const bytes: number[] = [];
  let from = 0;
  for (const { added, taken, skip } of steps) {
    for (const [index, byte] of added.entries()) bytes.push(((old[from + index] ?? 0) + byte) & 0xff);
    bytes.push(...taken);
    from += added.length + skip;
  }
  return Buffer.from(bytes);
}

test("patches give what bspatch.c gives, at every alignment and beyond both ends of the old content", () => {
  const old = noise(5000, 7);
  for (let seed = 1; seed <= 400; seed++) {
    const random = noise(64, seed);
    const steps = Array.from({ length: 4 }, (_, index): Step => {
      const length = (random[index * 8]! * random[index * 8 + 1]!) % 1500;
      // Mostly zeros, as patches are.
      const added = Buffer.alloc(length).map((_, at) => (random[at % 61]! < 40 ? random[at % 59]! : 0));
      const skip = (random.readInt16LE(index * 8 + 2) % 6000) | 0;
      return { added, taken: noise(random[index * 8 + 4]! % 40, seed + 1), skip };
    });
    const wanted = expected(old, steps);
    const patch = encode(steps);
    // The patch lies anywhere in a part's data.
    const shift = seed % 9;
    const placed = Buffer.concat([Buffer.alloc(shift), patch]).subarray(shift);
    const target = Buffer.alloc(wanted.length, 0xaa);
    bspatch(old, placed, target);
    assert.ok(target.equals(wanted), `seed ${seed}`);
  }
});

test("patches that contradict themselves are refused", () => {
  const good = encode([{ added: Buffer.alloc(4), taken: Buffer.from("ab"), skip: 0 }]);
  bspatch(Buffer.from("1234"), good, Buffer.alloc(6));
  const changed = (at: number, byte: number) => {
    const bytes = Buffer.from(good);
    bytes[at] = byte;
    return bytes;
  };
  const cases: [Buffer, number, RegExp][] = [
    [good, 5, /writes more/],
    [good, 7, /ends too early/],
    [good.subarray(0, 20), 6, /ends too early/],
    [good.subarray(0, 29), 6, /ends too early/],
    [changed(7, 0x80), 6, /negative length/],
    [changed(15, 0x80), 6, /negative length/],
    [changed(6, 0xff), 6, /absurd number/],
  ];
  for (const [patch, size, message] of cases)
    assert.throws(() => bspatch(Buffer.alloc(4), patch, Buffer.alloc(size)), message);
});
