// SPDX-License-Identifier: Apache-2.0
/** Dependencies of RPM packages: their flags in a header, their text, and which of them meet. */
import { rpmvercmp } from "../../formats/index.ts";
import { packageError } from "../errors.ts";
import type { Evr, RpmDependency, RpmOperator } from "./model.ts";
import { compareEvr, formatEvr, parseEvr } from "./version.ts";

/** rpmds.h, `rpmsenseFlags_e`: the bits of REQUIREFLAGS and its kin that are read here. */
export const sense = {
  less: 1 << 1,
  greater: 1 << 2,
  equal: 1 << 3,
  posttrans: 1 << 5,
  prereq: 1 << 6,
  pretrans: 1 << 7,
  interpreter: 1 << 8,
  scriptPre: 1 << 9,
  scriptPost: 1 << 10,
  scriptPreun: 1 << 11,
  scriptPostun: 1 << 12,
  scriptVerify: 1 << 13,
  triggerIn: 1 << 16,
  triggerUn: 1 << 17,
  triggerPostun: 1 << 18,
  missingOk: 1 << 19,
  preuntrans: 1 << 20,
  postuntrans: 1 << 21,
  rpmlib: 1 << 24,
  triggerPrein: 1 << 25,
  keyring: 1 << 26,
  config: 1 << 28,
  meta: 1 << 29,
} as const;

/** What orders a package behind another for the sake of its scripts (createrepo_c, `pre="1"`: RPMSENSE_PREREQ and %pre, %post). */
const preMask = sense.prereq | sense.scriptPre | sense.scriptPost;

const comparisonMask = sense.less | sense.greater | sense.equal;

const operators: Readonly<Record<number, RpmOperator>> = {
  [sense.less]: "<",
  [sense.less | sense.equal]: "<=",
  [sense.equal]: "=",
  [sense.greater | sense.equal]: ">=",
  [sense.greater]: ">",
};

const operatorFlags: Readonly<Record<RpmOperator, number>> = {
  "<": sense.less,
  "<=": sense.less | sense.equal,
  "=": sense.equal,
  ">=": sense.greater | sense.equal,
  ">": sense.greater,
};

/** `rpmParseDSFlags`: the spellings of operators in the text of dependencies. */
const spellings: Readonly<Record<string, RpmOperator>> = {
  "<": "<",
  "<=": "<=",
  "=<": "<=",
  "=": "=",
  "==": "=",
  ">": ">",
  ">=": ">=",
  "=>": ">=",
};

/** One dependency out of a header's three arrays. Throws `packages-bad-dependency` for flags that no tool writes. */
export function dependencyOf(name: string, flags: number, version: string): RpmDependency {
  if (name === "") throw packageError("bad-dependency", "a dependency without a name");
  const pre = (flags & preMask) !== 0 ? { pre: true } : {};
  const bits = flags & comparisonMask;
  // `rpmdsCompareIndex`: without a version, or without an operator, any version will do.
  if (bits === 0 || bits === comparisonMask || version === "") return { name, ...pre };
  const operator = operators[bits];
  if (operator === undefined) {
    throw packageError("bad-dependency", `${JSON.stringify(name.slice(0, 80))}: "less or greater" is no comparison`);
  }
  return { name, operator, evr: parseEvr(version), ...pre };
}

/** The operator of a header's flags; empty for none. */
export function operatorText(flags: number): RpmOperator | "" {
  return operators[flags & comparisonMask] ?? "";
}

/** The text of rpm: `NAME`, `NAME OPERATOR EVR`, or a rich expression as it stands. */
export function formatDependency({ name, operator, evr }: RpmDependency): string {
  return operator === undefined || evr === undefined ? name : `${name} ${operator} ${formatEvr(evr)}`;
}

/** rpm's SKIPWHITE: the blanks of C's locale, and commas. */
export const blank = /[ \t\n\v\f\r,]/;

/** Parses the text of one dependency that is not rich: `NAME [OPERATOR EVR]`. Throws `packages-bad-dependency`. */
export function parseDependency(text: string): RpmDependency {
  const words = text.split(blank).filter((word) => word !== "");
  const [name, written, version] = words;
  const bad = (why: string) => packageError("bad-dependency", `${JSON.stringify(text.slice(0, 80))}: ${why}`);
  if (name === undefined) throw bad("a name is missing");
  if (written === undefined) return { name };
  const operator = spellings[written];
  if (operator === undefined) throw bad(`${JSON.stringify(written)} is no operator`);
  if (version === undefined) throw bad("a version is missing");
  if (words.length > 3) throw bad("there is more after the version");
  return { name, operator, evr: parseEvr(version) };
}

/** Whether a dependency's name is a rich expression (`rpmdsIsRich`). */
export function isRich(name: string): boolean {
  return name.startsWith("(");
}

/**
 * Whether two ranges of the same name have a version in common, a provide and what asks for it (`rpmdsCompare`): a missing
 * epoch is 0, and a side without a release meets every release where it allows equality.
 */
export function dependenciesOverlap(a: RpmDependency, b: RpmDependency): boolean {
  return a.name === b.name && rangesOverlap(a, b);
}

/** `dependenciesOverlap` without a look at the names (`rpmverOverlap`). */
export function rangesOverlap(
  { operator: operatorA, evr: a }: Omit<RpmDependency, "name">,
  { operator: operatorB, evr: b }: Omit<RpmDependency, "name">,
): boolean {
  if (operatorA === undefined || operatorB === undefined || a === undefined || b === undefined) return true;
  const flagsA = operatorFlags[operatorA];
  const flagsB = operatorFlags[operatorB];
  const order = orderForOverlap(a, b);
  if (order === "only-a-has-release" && (flagsB & sense.equal) !== 0) return true;
  if (order === "only-b-has-release" && (flagsA & sense.equal) !== 0) return true;
  if (order === -1) return (flagsA & sense.greater) !== 0 || (flagsB & sense.less) !== 0;
  if (order === 1) return (flagsA & sense.less) !== 0 || (flagsB & sense.greater) !== 0;
  return (flagsA & flagsB & comparisonMask) !== 0;
}

type Order = -1 | 0 | 1 | "only-a-has-release" | "only-b-has-release";

function orderForOverlap(a: Evr, b: Evr): Order {
  // An empty release, as of a text that ends in a hyphen, counts as a missing one.
  const hasA = a.release !== undefined && a.release !== "";
  const hasB = b.release !== undefined && b.release !== "";
  if (hasA && hasB) return compareEvr(a, b);
  if (a.epoch !== b.epoch) return a.epoch < b.epoch ? -1 : 1;
  const order = rpmvercmp(a.version, b.version);
  if (order !== 0 || hasA === hasB) return order;
  return hasA ? "only-a-has-release" : "only-b-has-release";
}
