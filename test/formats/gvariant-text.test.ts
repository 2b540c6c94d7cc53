// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { type GVariantValue, printGVariant } from "../../src/formats/index.ts";

const variant = (type: string, value: GVariantValue) => ({ type, value });

/** Text that `g_variant_print (v, TRUE)` gives, read off stock ostree and GLib's documentation of the text format. */
const cases: [type: string, value: GVariantValue, text: string][] = [
  ["b", true, "true"],
  ["y", 5, "byte 0x05"],
  ["i", -5, "-5"],
  ["u", 5, "uint32 5"],
  ["t", 1n << 63n, "uint64 9223372036854775808"],
  ["d", 1, "1.0"],
  ["s", "it's", `"it's"`],
  ["s", `both ' and "`, `"both ' and \\""`],
  ["s", "a\nb\\\u0001é", "'a\\nb\\\\\\u0001é'"],
  ["as", ["a", "b"], "['a', 'b']"],
  ["as", [], "@as []"],
  ["ay", Buffer.from([1, 2]), "[byte 0x01, 0x02]"],
  ["ay", Buffer.from("user.a\0"), "b'user.a'"],
  ["ay", Buffer.alloc(0), "@ay []"],
  ["au", [1, 2], "[uint32 1, 2]"],
  ["(u)", [1], "(uint32 1,)"],
  ["(su)", ["a", 1], "('a', uint32 1)"],
  ["a{sv}", new Map([["k", variant("t", 1n)]]), "{'k': <uint64 1>}"],
  ["a{sv}", new Map(), "@a{sv} {}"],
  ["av", [variant("s", "x"), variant("y", 1)], "[<'x'>, <byte 0x01>]"],
  ["ms", null, "@ms nothing"],
  ["ms", "x", "@ms 'x'"],
];

test("prints values as GLib does", () => {
  for (const [type, value, text] of cases) assert.equal(printGVariant(type, value), text);
});

test("without annotations, and with bytes swapped", () => {
  assert.equal(printGVariant("au", [1, 2], { annotate: false }), "[1, 2]");
  assert.equal(printGVariant("as", [], { annotate: false }), "[]");
  assert.equal(printGVariant("(ut)", [0x01000000, 1n << 56n], { byteswap: true }), "(uint32 1, uint64 1)");
});
