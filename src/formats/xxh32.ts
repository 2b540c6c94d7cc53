// SPDX-License-Identifier: Apache-2.0
/** xxHash, 32 bits (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md): not against attackers. */

const prime1 = 0x9e3779b1;
const prime2 = 0x85ebca77;
const prime3 = 0xc2b2ae3d;
const prime4 = 0x27d4eb2f;
const prime5 = 0x165667b1;

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function round(lane: number, input: number): number {
  return Math.imul(rotate((lane + Math.imul(input, prime2)) | 0, 13), prime1);
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** @returns an unsigned number of 32 bits */
export function xxh32(bytes: Uint8Array, seed: number): number {
  let at = 0;
  let sum = (seed + prime5) | 0;
  if (bytes.length >= 16) {
    const lanes = [seed + prime1 + prime2, seed + prime2, seed, seed - prime1].map((lane) => lane | 0);
    for (; at + 16 <= bytes.length; at += 16) {
      for (let lane = 0; lane < 4; lane++) lanes[lane] = round(lanes[lane]!, word(bytes, at + 4 * lane));
    }
    const [a, b, c, d] = lanes as [number, number, number, number];
    sum = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0;
  }
  return finish(bytes, at, (sum + bytes.length) | 0);
}

function finish(bytes: Uint8Array, start: number, sum: number): number {
  let at = start;
  let value = sum;
  for (; at + 4 <= bytes.length; at += 4) {
    value = Math.imul(rotate((value + Math.imul(word(bytes, at), prime3)) | 0, 17), prime4);
  }
  for (; at < bytes.length; at++) value = Math.imul(rotate((value + Math.imul(bytes[at]!, prime5)) | 0, 11), prime1);
  value = Math.imul(value ^ (value >>> 15), prime2);
  value = Math.imul(value ^ (value >>> 13), prime3);
  return (value ^ (value >>> 16)) >>> 0;
}
