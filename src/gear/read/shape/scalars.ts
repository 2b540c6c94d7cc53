// SPDX-License-Identifier: Apache-2.0
import type { YamlScalar } from "../../../formats/index.ts";
import { described, didYouMean } from "../faults.ts";
import { parseDuration, durationPattern, parseSize, sizePattern } from "../value/index.ts";
import { kindOf, type JsonSchema, mismatch, type NodeKind, type Shape } from "./shape.ts";

/** @param parse gives undefined for what does not fit */
function scalar<T>(
  expected: string,
  takes: readonly NodeKind[],
  schema: JsonSchema,
  parse: (node: YamlScalar) => T | undefined,
): Shape<T> {
  return {
    expected,
    takes,
    read(node, place) {
      const fits = node.kind === "scalar" && takes.includes(kindOf(node));
      const value = fits ? parse(node) : undefined;
      return value === undefined ? mismatch(node, place, expected) : value;
    },
    schema: () => schema,
  };
}

/** No argument, path, or variable of a process can have a NUL. */
const noNul = "[^\\u0000]*";

/** A string; `pattern` is of the whole of it, in the common part of JavaScript's and Python's regular expressions. */
export function text(expected = "a string", pattern = noNul): Shape<string> {
  const whole = new RegExp(`^(?:${pattern})$`, "u");
  return scalar(expected, ["string"], { type: "string", pattern: `^(?:${pattern})$` }, ({ value }) =>
    whole.test(value as string) ? (value as string) : undefined,
  );
}

/** A string, or a number or boolean taken as it is written: `1.10` is not 1.1. */
export function written(expected = "a string, number or boolean", pattern = noNul): Shape<string> {
  const whole = new RegExp(`^(?:${pattern})$`, "u");
  const schema = { type: ["string", "number", "boolean"], pattern: `^(?:${pattern})$` };
  return scalar(expected, ["string", "number", "boolean"], schema, (node) =>
    whole.test(node.text) ? node.text : undefined,
  );
}

/** A string in a syntax of its own. */
export function syntax<T>(expected: string, pattern: string, parse: (text: string) => T | undefined): Shape<T> {
  return scalar(expected, ["string"], { type: "string", pattern: `^(?:${pattern})$` }, ({ value }) =>
    parse(value as string),
  );
}

export function whole(minimum: number, maximum: number): Shape<number> {
  return numeric(
    `a whole number from ${minimum} to ${maximum}`,
    { type: "integer", minimum, maximum },
    Number.isInteger,
  );
}

/** More than nothing. */
export function positive(maximum: number): Shape<number> {
  const schema = { type: "number", exclusiveMinimum: 0, maximum };
  return numeric(`a number above 0, at most ${maximum}`, schema, (value) => value > 0);
}

function numeric(expected: string, schema: JsonSchema, fits: (value: number) => boolean): Shape<number> {
  const { minimum = -Infinity, maximum = Infinity } = schema as { minimum?: number; maximum?: number };
  return scalar(expected, ["number"], schema, (node) => {
    const value = node.value as number;
    return fits(value) && value >= minimum && value <= maximum ? value : undefined;
  });
}

export const flag: Shape<boolean> = scalar("true or false", ["boolean"], { type: "boolean" }, (node) =>
  typeof node.value === "boolean" ? node.value : undefined,
);

export function choice<const W extends string>(words: readonly W[]): Shape<W> {
  const expected = words.length > 8 ? "one of the known words" : words.join(" or ");
  return {
    expected,
    takes: ["string"],
    read(node, place) {
      const found = node.kind === "scalar" ? words.find((word) => word === node.value) : undefined;
      if (found !== undefined) return found;
      const hint = node.kind === "scalar" ? didYouMean(node.text, words) : undefined;
      return place.fault(node.at, `must be ${expected}, not ${described(node)}`, hint);
    },
    schema: () => ({ enum: words }),
  };
}

/** A key that is given without a value. */
export const nothing: Shape<null> = {
  expected: "nothing",
  takes: ["null"],
  read: (node, place) => (kindOf(node) === "null" ? null : mismatch(node, place, "nothing")),
  schema: () => ({ type: "null" }),
};

/** Bytes. */
export const size: Shape<number> = scalar(
  "a size such as 512M",
  ["string", "number"],
  {
    anyOf: [
      { type: "string", pattern: `^(?:${sizePattern})$` },
      { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    ],
  },
  ({ value }) => {
    if (typeof value === "string") return parseSize(value);
    return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
  },
);

/** Milliseconds. */
export const duration: Shape<number> = syntax(
  "a time with its unit, such as 10s or 1m30s",
  durationPattern,
  parseDuration,
);
