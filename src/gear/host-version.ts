// SPDX-License-Identifier: Apache-2.0
/** What a file says of versions of the host: `13.4` is that one, `>=13.4 <14` has several conditions that all must hold. */

const word = "[A-Za-z0-9][A-Za-z0-9.:+~_-]{0,63}";
const condition = `(?:[<>]=?)?${word}`;

export const hostVersionPattern = `${condition}(?:[ ,]+${condition}){0,7}`;

/** A version that is not known satisfies nothing. */
export function satisfiesHostVersion(wanted: string, version: string | undefined): boolean {
  if (version === undefined) return false;
  return wanted.split(/[ ,]+/).every((one) => {
    const [, sign = "", than = ""] = /^([<>]=?)?(.*)$/.exec(one)!;
    const order = compareHostVersions(version, than);
    if (sign === "") return order === 0;
    return (sign.includes("=") && order === 0) || (sign.startsWith(">") ? order > 0 : order < 0);
  });
}

/** By their parts: runs of digits as numbers, of letters by the alphabet, a number above letters; `13.4` comes before `13.4.1`. */
export function compareHostVersions(a: string, b: string): number {
  const partsOf = (text: string): readonly string[] => text.match(/\d+|[A-Za-z]+/g) ?? [];
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const order = compareParts(left[at], right[at]);
    if (order !== 0) return order;
  }
  return 0;
}

function compareParts(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  const numbers = [a, b].map((part) => /^\d/.test(part));
  if (numbers[0] !== numbers[1]) return numbers[0] ? 1 : -1;
  if (!numbers[0]) return a < b ? -1 : Number(a > b);
  const order = BigInt(a) - BigInt(b);
  return order < 0n ? -1 : Number(order > 0n);
}
