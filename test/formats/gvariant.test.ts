// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { type GVariantValue, printGVariant, readGVariant, writeGVariant } from "../../src/formats/index.ts";

const bytes = (...values: number[]) => Buffer.from(values);
const text = (value: string) => Buffer.from(`${value}\0`);

/** Type, value, serialized form and text form: both made by GLib 2.74 (g_variant_parse, g_variant_print). */
const vectors: [string, GVariantValue, string, string][] = [
  ["u", 5, "05000000", "uint32 5"],
  ["s", "hi", "686900", "'hi'"],
  ["ay", text("hi"), "686900", "b'hi'"],
  ["ay", bytes(0, 1, 255), "0001ff", "[byte 0x00, 0x01, 0xff]"],
  ["(si)", ["foo", -1], "666f6f00ffffffff04", "('foo', -1)"],
  [
    "a{sv}",
    new Map([
      ["a", { type: "u", value: 7 }],
      ["bb", { type: "s", value: "x" }],
    ]),
    "61000000000000000700000000750200626200000000000078000073030f1d",
    "{'a': <uint32 7>, 'bb': <'x'>}",
  ],
  ["(a(say)a(sayay))", [[["f", bytes(1, 2)]], []], "66000102020506", "([('f', [byte 0x01, 0x02])], @a(sayay) [])"],
  [
    "as",
    ["i", "can", "has", "strings?"],
    "690063616e0068617300737472696e67733f0002060a13",
    "['i', 'can', 'has', 'strings?']",
  ],
  ["ms", "just", "6a7573740000", "@ms 'just'"],
  ["ms", null, "", "@ms nothing"],
  ["mi", 5, "05000000", "@mi 5"],
  [
    "a(yt)",
    [
      [1, 2n],
      [3, 4n],
    ],
    "0100000000000000020000000000000003000000000000000400000000000000",
    "[(byte 0x01, uint64 2), (0x03, 4)]",
  ],
  [
    "((ys)as)",
    [
      [0x69, "can"],
      ["has", "strings?"],
    ],
    "6963616e0068617300737472696e67733f00040d05",
    "((byte 0x69, 'can'), ['has', 'strings?'])",
  ],
  ["d", 1.5, "000000000000f83f", "1.5"],
  ["d", 3, "0000000000000840", "3.0"],
  ["b", true, "01", "true"],
  [
    "(bnqixth)",
    [true, -2, 3, -4, -5n, 6n, 7],
    "0100feff03000000fcffffff00000000fbffffffffffffff06000000000000000700000000000000",
    "(true, int16 -2, uint16 3, -4, int64 -5, uint64 6, handle 7)",
  ],
  [
    "av",
    [
      { type: "i", value: 1 },
      { type: "s", value: "two" },
      { type: "ad", value: [3] },
    ],
    "010000000069000074776f00007300000000000000000840006164060e1b",
    "[<1>, <'two'>, <[3.0]>]",
  ],
  ["()", [], "00", "()"],
  ["a()", [[], []], "0000", "[(), ()]"],
  ["(yv)", [1, { type: "(is)", value: [2, "z"] }], "0100000000000000020000007a000028697329", "(byte 0x01, <(2, 'z')>)"],
  ["aay", [bytes(), bytes(1), bytes(2, 3)], "010203000103", "[@ay [], [0x01], [0x02, 0x03]]"],
  ["o", "/a/b", "2f612f6200", "objectpath '/a/b'"],
  ["g", "a{sv}", "617b73767d00", "signature 'a{sv}'"],
  [
    "as",
    ['a"q', "it's", "t\tn\nü€\u0001"],
    "61227100697427730074096e0ac3bce282ac0100040914",
    "['a\"q', \"it's\", 't\\tn\\nü€\\u0001']",
  ],
  ["a{us}", new Map([[1, "x"]]), "01000000780006", "{uint32 1: 'x'}"],
  ["(s)", ["one"], "6f6e6500", "('one',)"],
  ["amai", [null, [1, 2]], "0100000002000000000009", "[@mai nothing, [1, 2]]"],
];

for (const [type, value, hex, printed] of vectors) {
  test(`GVariant ${type} ${printed} is written, read and printed as GLib does`, () => {
    assert.equal(writeGVariant(type, value).toString("hex"), hex);
    assert.deepEqual(readGVariant(type, Buffer.from(hex, "hex"), "vector"), value);
    assert.equal(printGVariant(type, value), printed);
  });
}

test("framing offsets grow with their container", () => {
  for (const length of [100, 251, 252, 253, 300, 65530, 65536, 70000]) {
    const value = ["x".repeat(length), "y"];
    const written = writeGVariant("as", value);
    const size = written.length <= 0xff ? 1 : written.length <= 0xffff ? 2 : 4;
    assert.equal(written.length, length + 1 + 2 + 2 * size);
    assert.deepEqual(readGVariant("as", written, "array"), value);
  }
  // From GLib: ['x' * 300, 'y'].
  assert.equal(
    writeGVariant("as", ["x".repeat(300), "y"])
      .subarray(-6)
      .toString("hex"),
    "79002d012f01",
  );
});

test("of equal keys of a dictionary the first counts", () => {
  const both = writeGVariant("a(sv)", [
    ["k", { type: "u", value: 1 }],
    ["k", { type: "u", value: 2 }],
  ]);
  assert.deepEqual(readGVariant("a{sv}", both, "dictionary"), new Map([["k", { type: "u", value: 1 }]]));
});

const malformed: [string, string, string][] = [
  ["s", "", "no NUL"],
  ["s", "6869", "no final NUL"],
  ["s", "680069", "NUL inside"],
  ["s", "ff00", "not UTF-8"],
  ["u", "050000", "too short"],
  ["u", "0500000000", "too long"],
  ["b", "02", "boolean of 2"],
  ["as", "690063616e00ff06", "offset beyond the array"],
  ["as", "690063616e000602", "offsets that go back"],
  ["as", "690063616e000206ff", "offset table beyond the array"],
  ["(si)", "666f6f0000ffffffff05", "bytes of padding too many"],
  ["(yu)", "0101010105000000", "padding that is not zero"],
  ["(si)", "666f", "tuple cut short"],
  ["a(yt)", "010000000000000002000000000000000300", "part of an item"],
  ["v", "01", "variant without type"],
  ["v", "0100", "variant of no type"],
  ["v", `00${"28".repeat(300)}`, "type nested too deep"],
  ["ms", "6a757374", "maybe without final NUL"],
];

for (const [type, hex, name] of malformed) {
  test(`malformed GVariant is refused: ${type}, ${name}`, () => {
    assert.throws(() => readGVariant(type, Buffer.from(hex, "hex"), "input"), {
      name: "AtomicError",
      code: /^formats-gvariant-/,
    });
  });
}

test("variants nested in variants end before the stack does", () => {
  const nested = Buffer.concat([Buffer.from([1, 0, 0x79]), Buffer.alloc(2 * 100_000, Buffer.from([0, 0x76]))]);
  assert.throws(() => readGVariant("v", nested, "input"), { code: "formats-gvariant-malformed" });
});

const misfits: [string, GVariantValue][] = [
  ["u", -1],
  ["u", 2 ** 32],
  ["y", 256],
  ["t", 1],
  ["t", -1n],
  ["x", 2n ** 63n],
  ["s", "a\0b"],
  ["s", 5],
  ["s", "\ud800"],
  ["as", "abc"],
  ["(su)", ["a"]],
  ["a{sv}", []],
  ["v", "plain"],
];

for (const [type, value] of misfits) {
  test(`a value that does not fit is not written as ${type}: ${String(value)}`, () => {
    assert.throws(() => writeGVariant(type, value), { code: "formats-gvariant-value" });
  });
}

test("type strings that are none are refused", () => {
  for (const type of ["", "z", "a", "(u", "u)", "uu", "{su}", "a{vs}", "a{s}", `${"a".repeat(200)}u`]) {
    assert.throws(() => writeGVariant(type, null), { code: "formats-gvariant-type" }, type);
  }
});

test("no input whatever makes the reader do anything but return or refuse", () => {
  let seed = 12345;
  const random = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff);
  const types = ["a{sv}", "(a(say)a(sayay))", "(uuuusa(ayay))", "(a{sv}aya(say)sstayay)", "v", "av", "mas"];
  for (let round = 0; round < 20_000; round++) {
    const input = Buffer.from(Array.from({ length: random() % 40 }, () => (random() >> 8) % (round % 2 ? 256 : 8)));
    const type = types[round % types.length] ?? "v";
    let value: GVariantValue;
    try {
      value = readGVariant(type, input, "random");
    } catch (error) {
      assert.equal((error as Error).name, "AtomicError", `${type} ${input.toString("hex")}`);
      continue;
    }
    // What is accepted is in normal form: there is one form for a value, but for doubled keys.
    const written = writeGVariant(type, value);
    if (!type.includes("{") && !input.includes(0x7b))
      assert.equal(written.toString("hex"), input.toString("hex"), type);
  }
});
