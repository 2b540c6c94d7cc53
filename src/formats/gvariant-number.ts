// SPDX-License-Identifier: Apache-2.0
/**
 * Numbers of fixed size, which GVariant (specification 1.0, section 2.5.2) and D-Bus (specification 0.43, "Marshaling
 * (Wire Format)") write alike. `h` is not among them: it is signed in the one and unsigned in the other.
 */
import type { ByteWriter } from "../base/index.ts";

const ranges = new Map<string, readonly [least: number, most: number]>([
  ["y", [0, 0xff]],
  ["n", [-0x8000, 0x7fff]],
  ["q", [0, 0xffff]],
  ["i", [-0x80000000, 0x7fffffff]],
  ["u", [0, 0xffffffff]],
]);

/** Appends a number, little-endian. @returns false, with nothing written, for what is no number of type `code` */
export function putNumber(code: string, value: unknown, out: ByteWriter): boolean {
  if (!isNumberOf(code, value)) return false;
  if (typeof value === "bigint") out.u64(BigInt.asUintN(64, value), true);
  else if (code === "d") out.put(new Uint8Array(new Float64Array([value]).buffer));
  else if (code === "y") out.u8(value);
  else if (code === "n" || code === "q") out.u16(value & 0xffff, true);
  else out.u32(value >>> 0, true);
  return true;
}

function isNumberOf(code: string, value: unknown): value is number | bigint {
  if (code === "d") return typeof value === "number";
  if (code === "x") return typeof value === "bigint" && BigInt.asIntN(64, value) === value;
  if (code === "t") return typeof value === "bigint" && BigInt.asUintN(64, value) === value;
  const range = ranges.get(code);
  return (
    range !== undefined && Number.isInteger(value) && range[0] <= (value as number) && (value as number) <= range[1]
  );
}

/** @param bytes as many as the type has */
export function readNumber(code: string, bytes: Uint8Array, littleEndian: boolean): number | bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  switch (code) {
    case "y":
      return view.getUint8(0);
    case "n":
      return view.getInt16(0, littleEndian);
    case "q":
      return view.getUint16(0, littleEndian);
    case "i":
      return view.getInt32(0, littleEndian);
    case "u":
      return view.getUint32(0, littleEndian);
    case "x":
      return view.getBigInt64(0, littleEndian);
    case "t":
      return view.getBigUint64(0, littleEndian);
    case "d":
      return view.getFloat64(0, littleEndian);
    default:
      throw new Error(`${code} is no type of numbers`);
  }
}
