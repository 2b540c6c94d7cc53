// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";

const characters = "abcdefghijklmnopqrstuvwxyz234567";

/** Ten letters and digits of 50 random bits: what a unit's name may have, unlike geard's base64. */
export function randomId(): string {
  return [...randomBytes(10)].map((byte) => characters[byte % 32]).join("");
}
