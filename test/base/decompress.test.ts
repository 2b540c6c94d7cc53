// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { bytesSource, type Compression, decompress, detectCompression, readWhole } from "../../src/base/index.ts";

const plain = Buffer.concat(Array.from({ length: 200_000 }, (_, at) => Buffer.from(`line ${(at * 7919) % 100_003}\n`)));
const programs = [
  ["xz", "xz"],
  ["gzip", "gzip"],
  ["zstd", "zstd"],
] as const;

function compress(program: string, bytes: Buffer): Buffer {
  const { status, stdout } = spawnSync(program, ["-c"], { input: bytes, maxBuffer: 1 << 28 });
  assert.equal(status, 0);
  return stdout;
}

function read(bytes: Buffer, compression: Compression, options: { limit?: number; program?: boolean } = {}): Buffer {
  const source = decompress(bytesSource(bytes), compression, "sample", options);
  try {
    return readWhole(source, 1 << 30, "sample");
  } finally {
    source.close();
  }
}

for (const [compression, program] of programs) {
  const packed = compress(program, plain);
  for (const byProgram of [false, true]) {
    const way = byProgram ? "through the program" : "through the library";
    const options = { program: byProgram };

    test(`${compression} ${way}: what the program compressed comes out whole`, () => {
      assert.equal(detectCompression(packed), compression);
      assert.ok(read(packed, compression, options).equals(plain));
      assert.equal(read(compress(program, Buffer.alloc(0)), compression, options).length, 0);
      const parts = [compress(program, plain.subarray(0, 1000)), compress(program, plain.subarray(1000))];
      assert.ok(read(Buffer.concat(parts), compression, options).equals(plain), "two streams, one after the other");
    });

    test(`${compression} ${way}: cut off and damaged data is an error`, () => {
      for (const length of [packed.length - 1, packed.length - 9, 1000, 7]) {
        assert.throws(
          () => read(packed.subarray(0, length), compression, options),
          { code: "base-damaged" },
          `${length}`,
        );
      }
      const damaged = Buffer.from(packed);
      damaged.fill(0x55, packed.length >> 1, (packed.length >> 1) + 64);
      assert.throws(() => read(damaged, compression, options), { code: "base-damaged" });
      assert.throws(() => read(Buffer.from("no such format, but long enough"), compression, options), {
        code: "base-damaged",
      });
    });

    test(`${compression} ${way}: a bomb stops at the limit`, () => {
      const bomb = compress(program, Buffer.alloc(64 << 20));
      assert.ok(bomb.length < 100_000);
      assert.throws(() => read(bomb, compression, { ...options, limit: 1 << 20 }), { code: "base-too-large" });
    });
  }
}

const samples: readonly (readonly [Compression, string, string])[] = [
  ["bzip2", "QlpoOTFBWSZTWatrofEAAALZgAAQQAAQABJkwBAgADEA000EAB6j705RogeLuSKcKEhVtdD4gA==", "hello bzip2\n"],
  [
    "bzip2",
    "QlpoOTFBWSZTWXgTwIIAAAHBAAAQAgGgACGaaDNNDLxdyRThQkHgTwIIQlpoOTFBWSZTWS63GtcAAAFBgAAQAACEgCAAIZpoM00HPF3JFOFCQLrca1w=",
    "one\ntwo\n",
  ],
  ["lzma", "XQAAgAD//////////wA0GUnujekUimql1d5wKZ///ZlAAA==", "hello lzma\n"],
];

for (const [compression, base64, text] of samples) {
  test(`${compression} is read whole or refused: ${JSON.stringify(text)}`, () => {
    const packed = Buffer.from(base64, "base64");
    assert.equal(detectCompression(packed), compression);
    assert.equal(read(packed, compression).toString(), text);
    assert.throws(() => read(packed.subarray(0, packed.length - 6), compression), { code: "base-damaged" });
    assert.throws(() => read(Buffer.from("no such format, but long enough"), compression), { code: "base-damaged" });
    assert.throws(() => read(packed, compression, { limit: 5 }), { code: "base-too-large" });
  });
}
