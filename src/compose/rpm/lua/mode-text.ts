// SPDX-License-Identifier: Apache-2.0
/** File modes as texts, as rpm's posix library reads and writes them (rpmio/modemuncher). */

const setuid = 0o4000;
const setgid = 0o2000;

/** `rwxr-xr-x`, with `s` or `S` where the setuid or setgid bit is. */
export function formatMode(mode: number): string {
  const letters = [..."rwxrwxrwx"].map((letter, index) => ((mode >> (8 - index)) & 1 ? letter : "-"));
  if (mode & setuid) letters[2] = letters[2] === "x" ? "s" : "S";
  if (mode & setgid) letters[5] = letters[5] === "x" ? "s" : "S";
  return letters.join("");
}

/** The mode that `text` makes of `mode`: octal (`644`), whole (`rw-r--r--`) or symbolic (`u+x,go-w`); undefined: wrong. */
export function changeMode(mode: number, text: string): number | undefined {
  if (/^[r-]/.test(text)) return wholeMode(mode, text);
  if (/^[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  let changed = mode;
  for (const part of text.split(",")) {
    const match = /^([ugoa ]*)([-+=])([rwxs ]*)$/.exec(part);
    if (!match) return undefined;
    changed = applyChange(changed, match[1] ?? "", match[2] ?? "", match[3] ?? "");
  }
  return changed;
}

function wholeMode(mode: number, text: string): number | undefined {
  let changed = mode & ~(setuid | setgid);
  for (let index = 0; index < 9; index++) {
    const bit = 1 << (8 - index);
    const letter = text[index];
    if (letter === "rwxrwxrwx"[index]) changed |= bit;
    else if (letter === "-") changed &= ~bit;
    else if (letter === "s" && index === 2) changed |= setuid | bit;
    else if (letter === "s" && index === 5) changed |= setgid | bit;
    else if (letter === "s") return undefined;
  }
  return changed;
}

const classes: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o1007, a: 0o7777 };
const permissions: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111, s: 0o6000 };

function applyChange(mode: number, who: string, operator: string, what: string): number {
  const sum = (letters: string, table: Readonly<Record<string, number>>) =>
    [...letters].reduce((bits, letter) => bits | (table[letter] ?? 0), 0);
  const affected = sum(who, classes) || 0o7777;
  const bits = sum(what, permissions);
  if (bits === 0) return mode;
  if (operator === "+") return mode | (bits & affected);
  // As rpm does it, `=` sets the whole mode.
  return operator === "-" ? mode & ~(bits & affected) : bits & affected;
}
