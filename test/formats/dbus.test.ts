// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type DbusMessage,
  dbusMessageLength,
  decodeDbusMessage,
  encodeDbusMessage,
  formatError,
} from "../../src/formats/index.ts";

const call: DbusMessage = {
  type: "call",
  serial: 7,
  path: "/org/example",
  interface: "org.example.Thing",
  member: "Do",
  destination: "org.example",
  signature: "ya{sv}a(sua{sv})(tt)dnaybgo",
  body: [
    255,
    new Map([["reboot", { type: "b", value: true }]]),
    [
      ["podman", 2, new Map([["NewPackage", { type: "(sss)", value: ["podman", "5.10", "amd64"] }]])],
      ["ä", 0, new Map()],
    ],
    [1n, 0xffff_ffff_ffff_ffffn],
    -0.5,
    -2,
    Buffer.from([1, 2, 3]),
    false,
    "a{sv}",
    "/",
  ],
  noReply: false,
  interactive: true,
};

test("a message is read as it was written", () => {
  const bytes = encodeDbusMessage(call);
  assert.equal(dbusMessageLength(bytes), bytes.length);
  assert.deepEqual(decodeDbusMessage(bytes), call);
});

// From the specification's rules, by hand: the message that every client of a bus sends first.
test("the bytes of a call of Hello", () => {
  const hello = encodeDbusMessage({
    type: "call",
    serial: 1,
    path: "/org/freedesktop/DBus",
    interface: "org.freedesktop.DBus",
    member: "Hello",
    destination: "org.freedesktop.DBus",
  });
  const text = (code: number, type: string, value: string) =>
    Buffer.concat([Buffer.from([code, 1]), Buffer.from(`${type}\0`), u32(value.length), Buffer.from(`${value}\0`)]);
  const fields = [
    text(1, "o", "/org/freedesktop/DBus"),
    text(2, "s", "org.freedesktop.DBus"),
    text(3, "s", "Hello"),
    text(6, "s", "org.freedesktop.DBus"),
  ];
  const padded = fields.map((field, index) => (index < 3 ? pad(field) : field));
  const array = Buffer.concat(padded);
  assert.deepEqual(hello, pad(Buffer.concat([Buffer.from([0x6c, 1, 0, 1]), u32(0), u32(1), u32(array.length), array])));
});

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function pad(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);
}

test("a damaged message is refused, and never read beyond its end", () => {
  const bytes = encodeDbusMessage(call);
  for (let length = 1; length < bytes.length; length++)
    assert.throws(() => decodeDbusMessage(bytes.subarray(0, length)));
  for (let at = 0; at < bytes.length; at++) {
    for (const value of [0, 1, 0x7f, 0xff]) {
      const damaged = Buffer.from(bytes);
      damaged[at] = value;
      try {
        decodeDbusMessage(damaged);
      } catch (error) {
        assert.ok(error instanceof Error && "code" in error, String(error));
      }
    }
  }
});

test("what does not fit its type is refused", () => {
  const send = (signature: string, value: unknown) =>
    encodeDbusMessage({ type: "return", serial: 1, replySerial: 1, signature, body: [value as never] });
  for (const [type, value] of [
    ["u", -1],
    ["y", 256],
    ["s", "a\0b"],
    ["b", 1],
    ["a{sv}", []],
    ["(ss)", ["a"]],
    ["x", 1],
    ["ms", null],
  ] as const) {
    assert.throws(
      () => send(type, value),
      (error) => formatError.is(error, "dbus", "gvariant-type"),
      type,
    );
  }
});
