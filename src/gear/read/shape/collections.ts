// SPDX-License-Identifier: Apache-2.0
import type { YamlEntry, YamlMap, YamlNode, YamlPosition } from "../../../formats/index.ts";
import { didYouMean, type Place, shown } from "../faults.ts";
import { type Definition, type Definitions, type JsonSchema, mismatch, type Shape } from "./shape.ts";

/** Of one list or map: more than any application has, few enough to plan with. */
const countLimit = 1000;

export function list<T>(shape: Shape<T>, expected: string): Shape<T[]> {
  return {
    expected,
    takes: ["list"],
    read(node, place) {
      if (node.kind !== "list") return mismatch(node, place, expected);
      if (node.items.length > countLimit) return place.fault(node.at, `has more than ${countLimit} items`);
      return complete(node.items.map((item, index) => shape.read(item, place.in(index))));
    },
    schema: (definitions) => ({ type: "array", items: shape.schema(definitions), maxItems: countLimit }),
  };
}

/** All values, or undefined when one of them was not as it must be. */
function complete<T>(values: readonly (T | undefined)[]): T[] | undefined {
  const known = values.filter((value): value is T => value !== undefined);
  return known.length === values.length ? known : undefined;
}

export interface Entry<T> {
  readonly name: string;
  readonly value: T;
}

/** A map whose keys are names of the writer's choice. */
export function entries<T>(names: Shape<string>, shape: Shape<T>, expected: string): Shape<Entry<T>[]> {
  return {
    expected,
    takes: ["map"],
    read(node, place) {
      if (node.kind !== "map") return mismatch(node, place, expected);
      if (node.entries.length > countLimit) return place.fault(node.at, `has more than ${countLimit} entries`);
      return complete(node.entries.map((entry) => readEntry(entry, names, shape, place.in(entry.key))));
    },
    schema: (definitions) => ({
      type: "object",
      propertyNames: names.schema(definitions),
      additionalProperties: shape.schema(definitions),
      maxProperties: countLimit,
    }),
  };
}

function readEntry<T>({ key, at, value }: YamlEntry, names: Shape<string>, shape: Shape<T>, place: Place) {
  const name = names.read({ kind: "scalar", value: key, text: key, at }, place);
  const read = shape.read(value, place);
  return name === undefined || read === undefined ? undefined : { name, value: read };
}

export interface Field<T> {
  readonly shape: Shape<unknown>;
  readonly help: string;
  readonly required: boolean;
  /** What the key is worth when it is not there. */
  readonly absent: T;
}

/** A key that must be there. */
export function required<T>(shape: Shape<T>, help: string): Field<T> {
  return { shape, help, required: true, absent: undefined as T };
}

export function optional<T>(shape: Shape<T>, help: string): Field<T | undefined>;
export function optional<T>(shape: Shape<T>, help: string, absent: T): Field<T>;
export function optional<T>(shape: Shape<T>, help: string, absent?: T): Field<T | undefined> {
  return { shape, help, required: false, absent };
}

export type Fields = Readonly<Record<string, Field<unknown>>>;
export type Values<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

export interface RecordShape<F extends Fields> extends Shape<Values<F>> {
  readonly name: string;
  readonly fields: F;
}

export interface RecordRules {
  /** What is told of a key that has no field, in place of "unknown key"; undefined is that. */
  readonly otherKey?: (key: string, at: YamlPosition, place: Place) => "told" | "ignored" | undefined;
  /** Of these keys one is there, and no other. */
  readonly exactlyOne?: readonly string[];
  /** Not both of these keys are there. */
  readonly atMostOne?: readonly [string, string];
}

/** A map with these keys and no others. */
export function record<F extends Fields>(name: string, fields: F, rules: RecordRules = {}): RecordShape<F> {
  const expected = `a map of ${Object.keys(fields).slice(0, 4).join(", ")}${Object.keys(fields).length > 4 ? ", ..." : ""}`;
  return {
    name,
    fields,
    expected,
    takes: ["map"],
    read(node, place) {
      if (node.kind !== "map") return mismatch(node, place, expected);
      const unknown = node.entries.filter((entry) => isUnknown(entry, fields, rules, place));
      const values = Object.entries(fields).map(([key, field]) => [key, readField(node, key, field, place)] as const);
      const fits = exclusive(node, rules, place);
      if (!fits || unknown.length > 0 || values.some(([, value]) => value === bad)) return undefined;
      return Object.fromEntries(values) as Values<F>;
    },
    schema: (definitions) => {
      if (!definitions.has(name)) {
        // Taken before it is made, so that a shape may have itself within.
        definitions.set(name, { schema: {}, keys: [] });
        definitions.set(name, { schema: recordSchema(fields, rules, definitions), keys: keysOf(fields) });
      }
      return { $ref: `#/$defs/${name}` };
    },
  };
}

/** Stands for a value that was not as it must be. */
const bad = Symbol("bad");

function isUnknown({ key, at }: YamlEntry, fields: Fields, { otherKey }: RecordRules, place: Place): boolean {
  if (Object.hasOwn(fields, key)) return false;
  const outcome = otherKey?.(key, at, place);
  if (outcome === undefined) place.fault(at, `unknown key ${shown(key)}`, didYouMean(key, Object.keys(fields)));
  return outcome !== "ignored";
}

function exclusive(node: YamlMap, { exactlyOne, atMostOne }: RecordRules, place: Place): boolean {
  const keys = exactlyOne ?? atMostOne ?? [];
  const given = keys.filter((key) => node.entries.some((entry) => entry.key === key));
  if (given.length > 1) place.fault(node.at, `has ${given.join(" and ")}, of which only one may be`);
  else if (given.length === 0 && exactlyOne) place.fault(node.at, `one of ${keys.join(", ")} is missing`);
  else return true;
  return false;
}

function readField(map: YamlMap, key: string, field: Field<unknown>, place: Place): unknown {
  const node: YamlNode | undefined = map.entries.find((entry) => entry.key === key)?.value;
  if (node !== undefined) {
    const value = field.shape.read(node, place.in(key));
    return value === undefined ? bad : value;
  }
  if (!field.required) return field.absent;
  place.fault(map.at, `${key} is missing`);
  return bad;
}

function keysOf(fields: Fields): Definition["keys"] {
  return Object.entries(fields).map(([name, { shape, help, required }]) => ({
    name,
    form: shape.expected,
    help,
    required,
  }));
}

function recordSchema(fields: Fields, rules: RecordRules, definitions: Definitions): JsonSchema {
  const properties = Object.entries(fields).map(([key, { shape, help }]) => [
    key,
    { description: help, ...shape.schema(definitions) },
  ]);
  const needed = Object.entries(fields).filter(([, field]) => field.required);
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    ...(needed.length > 0 && { required: needed.map(([key]) => key) }),
    additionalProperties: false,
    ...(rules.exactlyOne && { oneOf: rules.exactlyOne.map((key) => ({ required: [key] })) }),
    ...(rules.atMostOne && { not: { required: rules.atMostOne } }),
  };
}
