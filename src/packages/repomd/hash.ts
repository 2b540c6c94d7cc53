// SPDX-License-Identifier: Apache-2.0
import { packageError } from "../errors.ts";

/** FNV-1a over a string of one character for each byte. */
export function hashBytes(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mixBits(hash);
}

/** Murmur3's finalizer: spreads what differs in some bits over all. */
export function mixBits(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Steps from place to place in a table of open addressing that is at most half full; honest ones need some ten. */
export const probeLimit = 2048;

/** A repository made so that its names fall on one place would take quadratic time. */
export function collided() {
  return packageError("bad-index", "the names of an index are made to collide");
}
