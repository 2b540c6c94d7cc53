// SPDX-License-Identifier: Apache-2.0
/** Names of any characters as ref names, as ostree-rs-ext writes them (its refescape.rs), so that either finds the other's. */
import { ostreeError } from "../errors.ts";

/**
 * Letters, digits and `-` stand for themselves, `_` is doubled, others are their code point: `:` is `_3A_`. A slash stays
 * where it parts two names.
 */
export function escapeForRef(name: string): string {
  const characters = Array.from(name);
  if (characters.length === 0 || name.includes("\0")) throw ostreeError("bad-ref", "No ref can be named so");
  return characters.map((one, at) => escapeOne(one, characters[at - 1], at === characters.length - 1)).join("");
}

function escapeOne(character: string, before: string | undefined, isLast: boolean): string {
  if (/^[A-Za-z0-9-]$/.test(character)) return character;
  if (character === "_") return "__";
  if (character === "/" && !isLast && before !== undefined && /^[A-Za-z0-9]$/.test(before)) return character;
  return `_${character.codePointAt(0)!.toString(16).toUpperCase().padStart(2, "0")}_`;
}

/** Undoes `escapeForRef`; `undefined` for what it cannot have written. */
export function unescapeRef(ref: string): string | undefined {
  if (!/^(?:[A-Za-z0-9/-]|__|_[0-9A-Fa-f]{1,6}_)+$/.test(ref)) return undefined;
  const name = ref.replace(/_([0-9A-Fa-f]*)_/g, (_, digits: string) => {
    if (digits === "") return "_";
    const point = Number.parseInt(digits, 16);
    return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : "\0";
  });
  return name.includes("\0") ? undefined : name;
}
