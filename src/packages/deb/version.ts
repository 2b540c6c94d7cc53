// SPDX-License-Identifier: Apache-2.0
/** Version numbers of Debian packages: Policy section 5.6.12, deb-version(7). */
import { packageError } from "../errors.ts";

export interface DebianVersion {
  readonly epoch: number;
  readonly upstream: string;
  /** Without the hyphen; empty when there is none. */
  readonly revision: string;
}

/** Takes a version apart, or throws `packages-bad-version` as dpkg's `parseversion` refuses it. */
export function parseDebianVersion(text: string): DebianVersion {
  const bad = (why: string) => packageError("bad-version", `${JSON.stringify(text)} is no version: ${why}`);
  const version = text.trim();
  if (version === "") throw bad("it is empty");
  if (/\s/.test(version)) throw bad("it has a blank in it");
  const colon = version.indexOf(":");
  const epoch = colon < 0 ? "0" : version.slice(0, colon);
  if (!/^[0-9]+$/.test(epoch)) throw bad("the epoch is no number");
  if (Number(epoch) > 0x7fffffff) throw bad("the epoch is too large");
  const rest = version.slice(colon + 1);
  const hyphen = rest.lastIndexOf("-");
  const upstream = hyphen < 0 ? rest : rest.slice(0, hyphen);
  const revision = hyphen < 0 ? "" : rest.slice(hyphen + 1);
  if (upstream === "") throw bad("nothing stands before the revision");
  if (hyphen >= 0 && revision === "") throw bad("the revision is empty");
  if (!/^[0-9]/.test(upstream)) throw bad("it does not start with a digit");
  if (!/^[A-Za-z0-9.+~:-]+$/.test(upstream)) throw bad("it has a character that is not allowed");
  if (!/^[A-Za-z0-9.+~]*$/.test(revision)) throw bad("the revision has a character that is not allowed");
  return { epoch: Number(epoch), upstream, revision };
}

/** Debian's longest has some 60: others would only fill what keeps them. */
const lengthLimit = 128;

/** Whether a text from elsewhere may be kept, and shown, as a version. */
export function isDebianVersion(text: string): boolean {
  if (text.length > lengthLimit || text.trim() !== text) return false;
  try {
    parseDebianVersion(text);
    return true;
  } catch (error) {
    if (packageError.is(error, "bad-version")) return false;
    throw error;
  }
}

/** Negative, 0 or positive, as `a` is older than, equal to or newer than `b`. Takes any text, as dpkg's lax parser. */
export function compareDebianVersions(a: string, b: string): number {
  if (a === b) return 0;
  const colonA = a.indexOf(":");
  const colonB = b.indexOf(":");
  const epochs = (colonA < 0 ? 0 : Number(a.slice(0, colonA))) - (colonB < 0 ? 0 : Number(b.slice(0, colonB)));
  if (epochs !== 0 && !Number.isNaN(epochs)) return Math.sign(epochs);
  const hyphenA = lastHyphen(a);
  const hyphenB = lastHyphen(b);
  const upstream = comparePart(a, colonA + 1, hyphenA, b, colonB + 1, hyphenB);
  return upstream !== 0 ? upstream : comparePart(a, hyphenA + 1, a.length, b, hyphenB + 1, b.length);
}

function lastHyphen(version: string): number {
  const at = version.lastIndexOf("-");
  return at < 0 ? version.length : at;
}

/** deb-version(7), "Sorting algorithm": text and numbers in turn; `~` sorts before everything, letters before the rest. */
function comparePart(a: string, startA: number, endA: number, b: string, startB: number, endB: number): number {
  let atA = startA;
  let atB = startB;
  while (atA < endA || atB < endB) {
    while ((atA < endA && !isDigit(a, atA)) || (atB < endB && !isDigit(b, atB))) {
      const difference = order(a, atA, endA) - order(b, atB, endB);
      if (difference !== 0) return Math.sign(difference);
      atA++;
      atB++;
    }
    while (atA < endA && a.charCodeAt(atA) === zero) atA++;
    while (atB < endB && b.charCodeAt(atB) === zero) atB++;
    let first = 0;
    while (atA < endA && isDigit(a, atA) && atB < endB && isDigit(b, atB)) {
      if (first === 0) first = a.charCodeAt(atA) - b.charCodeAt(atB);
      atA++;
      atB++;
    }
    if (atA < endA && isDigit(a, atA)) return 1;
    if (atB < endB && isDigit(b, atB)) return -1;
    if (first !== 0) return Math.sign(first);
  }
  return 0;
}

const zero = 48;
const nine = 57;
const tilde = 126;

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= zero && code <= nine;
}

function order(text: string, at: number, end: number): number {
  if (at >= end) return 0;
  const code = text.charCodeAt(at);
  if (code >= zero && code <= nine) return 0;
  if (code === tilde) return -1;
  if ((code >= 65 && code <= 90) || (code >= 97 && code <= 122)) return code;
  return code + 256;
}
