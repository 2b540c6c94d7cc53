// SPDX-License-Identifier: Apache-2.0
/** The order of versions that rpm has (rpm-version(7), rpm's `rpmvercmp`). */

const zero = 48;
const nine = 57;
const caret = 94;
const tilde = 126;

function isDigit(code: number): boolean {
  return code >= zero && code <= nine;
}

function isAlpha(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}

/** Where the next segment starts: everything but letters, digits, `~` and `^` only separates. */
function skipSeparators(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isDigit(code) || isAlpha(code) || code === tilde || code === caret) break;
  }
  return at;
}

function segmentEnd(text: string, from: number, numeric: boolean): number {
  let at = from;
  while (at < text.length && (numeric ? isDigit(text.charCodeAt(at)) : isAlpha(text.charCodeAt(at)))) at++;
  return at;
}

/** Order of two versions or two releases, segment by segment (`rpmvercmp`). Takes any text. */
export function rpmvercmp(a: string, b: string): -1 | 0 | 1 {
  if (a === b) return 0;
  let atA = 0;
  let atB = 0;
  for (;;) {
    atA = skipSeparators(a, atA);
    atB = skipSeparators(b, atB);
    const marked = compareMarks(a.charCodeAt(atA), b.charCodeAt(atB));
    if (marked === "both") {
      atA++;
      atB++;
      continue;
    }
    if (marked !== undefined) return marked;
    if (atA >= a.length || atB >= b.length) break;
    const numeric = isDigit(a.charCodeAt(atA));
    const endA = segmentEnd(a, atA, numeric);
    const endB = segmentEnd(b, atB, numeric);
    // The other one is of the other kind: numbers are newer than letters.
    if (endB === atB) return numeric ? 1 : -1;
    const order = compareSegments(a, atA, endA, b, atB, endB, numeric);
    if (order !== 0) return order;
    atA = endA;
    atB = endB;
  }
  if (atA < a.length) return 1;
  return atB < b.length ? -1 : 0;
}

/**
 * `~` sorts before everything, even the end; `^` after the end and before everything else. NaN stands for the end.
 * `undefined`: neither is marked.
 */
function compareMarks(a: number, b: number): -1 | 1 | "both" | undefined {
  if (a === tilde || b === tilde) return a === b ? "both" : a === tilde ? -1 : 1;
  if (a !== caret && b !== caret) return undefined;
  if (Number.isNaN(a)) return -1;
  if (Number.isNaN(b)) return 1;
  return a === b ? "both" : a === caret ? -1 : 1;
}

function compareSegments(
  a: string,
  startA: number,
  endA: number,
  b: string,
  startB: number,
  endB: number,
  numeric: boolean,
): -1 | 0 | 1 {
  let atA = startA;
  let atB = startB;
  if (numeric) {
    while (atA < endA && a.charCodeAt(atA) === zero) atA++;
    while (atB < endB && b.charCodeAt(atB) === zero) atB++;
    if (endA - atA !== endB - atB) return endA - atA < endB - atB ? -1 : 1;
  }
  for (; atA < endA && atB < endB; atA++, atB++) {
    const difference = a.charCodeAt(atA) - b.charCodeAt(atB);
    if (difference !== 0) return difference < 0 ? -1 : 1;
  }
  if (endA - atA === endB - atB) return 0;
  return atA === endA ? -1 : 1;
}
