// SPDX-License-Identifier: Apache-2.0
/** What a file says of versions of the host: `13.4` is that one, `>=13.4 <14` has several conditions that all must hold. */
import { rpmvercmp } from "../formats/index.ts";

const word = "[A-Za-z0-9][A-Za-z0-9.:+~_-]{0,63}";
const condition = `(?:[<>]=?)?${word}`;

export const hostVersionPattern = `${condition}(?:[ ,]+${condition}){0,7}`;

/**
 * A version that is not known satisfies nothing. Versions of hosts have rpm's order on every distribution, because a compose makes
 * them and no package: runs of digits are numbers, a number is above letters, `13.4~rc1` comes before `13.4`, and that before `13.4.1`.
 */
export function satisfiesHostVersion(wanted: string, version: string | undefined): boolean {
  if (version === undefined) return false;
  return wanted.split(/[ ,]+/).every((one) => {
    const [, sign = "", than = ""] = /^([<>]=?)?(.*)$/.exec(one)!;
    const order = rpmvercmp(version, than);
    if (sign === "") return order === 0;
    return (sign.includes("=") && order === 0) || (sign.startsWith(">") ? order > 0 : order < 0);
  });
}
