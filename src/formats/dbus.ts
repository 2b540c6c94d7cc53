// SPDX-License-Identifier: Apache-2.0
/** Messages of the D-Bus wire protocol (D-Bus specification 0.43, "Message Protocol"). File descriptors travel beside them. */
import { ByteReader, ByteWriter } from "../base/index.ts";
import { dbusSignature, putDbusValues, takeDbusValues } from "./dbus-value.ts";
import { formatError } from "./errors.ts";
import type { GVariantValue, Variant } from "./gvariant.ts";

export const dbusTypes = { call: 1, return: 2, error: 3, signal: 4 } as const;
export type DbusMessageType = keyof typeof dbusTypes;

export interface DbusMessage {
  readonly type: DbusMessageType;
  /** Chosen by the sender, never 0. */
  readonly serial: number;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  /** Name of an error. */
  readonly errorName?: string;
  /** The serial of the call that this answers. */
  readonly replySerial?: number;
  readonly destination?: string;
  /** Filled in by the bus; a peer's word alone is not to be trusted. */
  readonly sender?: string;
  readonly signature?: string;
  /** File descriptors that belong to it, of those that the connection has received; the values of type `h` count them. */
  readonly unixFds?: number;
  readonly body?: readonly GVariantValue[];
  readonly noReply?: boolean;
  /** The caller waits while the user is asked for a password (`ALLOW_INTERACTIVE_AUTHORIZATION`). */
  readonly interactive?: boolean;
}

const flags = { noReply: 1, interactive: 4 } as const;

const fields = {
  path: [1, "o"],
  interface: [2, "s"],
  member: [3, "s"],
  errorName: [4, "s"],
  replySerial: [5, "u"],
  destination: [6, "s"],
  sender: [7, "s"],
  signature: [8, "g"],
  unixFds: [9, "u"],
} as const;
type FieldName = keyof typeof fields;

/** The fixed part of the header: enough to know the length of the whole. */
export const dbusFixedHeader = 16;

/** Bytes of a message, those of a longer one are not to be read: 128 MiB in the specification. */
export function dbusMessageLength(header: Uint8Array): number {
  const littleEndian = byteOrder(header[0]);
  const reader = new ByteReader(header, "D-Bus message");
  reader.skip(4);
  const body = reader.u32(littleEndian);
  reader.skip(4);
  const fieldBytes = reader.u32(littleEndian);
  return Math.ceil((dbusFixedHeader + fieldBytes) / 8) * 8 + body;
}

function byteOrder(code: number | undefined): boolean {
  if (code === 0x6c) return true;
  if (code === 0x42) return false;
  throw formatError("dbus", "malformed message: no byte order");
}

export function encodeDbusMessage(message: DbusMessage): Buffer {
  const body = new ByteWriter();
  const signature = message.signature ?? "";
  putDbusValues(signature, message.body ?? [], body);
  const out = new ByteWriter();
  const flag = (message.noReply === true ? flags.noReply : 0) | (message.interactive === true ? flags.interactive : 0);
  out.u8(0x6c).u8(dbusTypes[message.type]).u8(flag).u8(1);
  out.u32(body.length, true).u32(message.serial, true);
  const present = (Object.keys(fields) as FieldName[]).flatMap((name) => {
    const value = name === "signature" && signature === "" ? undefined : message[name];
    return value === undefined ? [] : [[fields[name][0], { type: fields[name][1], value }] as const];
  });
  putDbusValues("a(yv)", [present], out);
  return out.align(8).put(body.done()).done();
}

export function decodeDbusMessage(bytes: Uint8Array): DbusMessage {
  const littleEndian = byteOrder(bytes[0]);
  const reader = new ByteReader(bytes, "D-Bus message");
  reader.skip(1);
  const type = (Object.keys(dbusTypes) as DbusMessageType[])[reader.u8() - 1];
  const flag = reader.u8();
  if (reader.u8() !== 1 || type === undefined) throw formatError("dbus", "malformed message: version or type");
  reader.skip(4);
  const serial = reader.u32(littleEndian);
  const [list] = takeDbusValues("a(yv)", { reader, littleEndian });
  const header = readFields(list as [number, Variant][]);
  reader.align(8);
  // Positions in the body count from its start, which is a multiple of the greatest alignment.
  const inner = new ByteReader(reader.take(reader.remaining), "D-Bus message");
  const body = takeDbusValues(header.signature ?? "", { reader: inner, littleEndian });
  inner.end();
  const known = { noReply: (flag & flags.noReply) !== 0, interactive: (flag & flags.interactive) !== 0 };
  return requireFields({ type, serial, ...header, body, ...known });
}

function readFields(list: readonly [number, Variant][]): Partial<DbusMessage> {
  const known = Object.entries(fields).map(([name, [code, type]]) => [code, { name, type }] as const);
  const byCode = new Map<number, { name: string; type: string }>(known);
  const header: Record<string, GVariantValue> = {};
  for (const [code, value] of list) {
    const field = byCode.get(code);
    // Fields that are not known are to be ignored.
    if (field === undefined) continue;
    if (value.type !== field.type)
      throw formatError("dbus", `malformed message: field ${field.name} is a ${value.type}`);
    header[field.name] = value.value;
  }
  return header as Partial<DbusMessage>;
}

const required: Readonly<Record<DbusMessageType, readonly FieldName[]>> = {
  call: ["path", "member"],
  return: ["replySerial"],
  error: ["errorName", "replySerial"],
  signal: ["path", "interface", "member"],
};

function requireFields(message: DbusMessage): DbusMessage {
  const missing = required[message.type].find((name) => message[name] === undefined);
  if (missing !== undefined) throw formatError("dbus", `malformed message: a ${message.type} without ${missing}`);
  dbusSignature(message.signature ?? "");
  return message;
}
