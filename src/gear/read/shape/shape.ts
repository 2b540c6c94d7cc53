// SPDX-License-Identifier: Apache-2.0
/**
 * The shape of a value in a file, declared once: it reads the value (`read`), is published for editors (`schema`, JSON Schema
 * draft 2020-12) and is told in messages and in the reference (`expected`).
 */
import type { YamlNode } from "../../../formats/index.ts";
import { described, type Place } from "../faults.ts";

export interface Shape<T> {
  /** Ends the sentence "must be ...". */
  readonly expected: string;
  /** What of YAML it takes; anything else is told to be something else. */
  readonly takes: readonly NodeKind[];
  /** @returns undefined when it is not as it must be, which has been told to `place` */
  read(node: YamlNode, place: Place): T | undefined;
  schema(definitions: Definitions): JsonSchema;
}

export type NodeKind = "string" | "number" | "boolean" | "null" | "list" | "map";
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The records within a shape by name: `$defs` of its schema, and what the reference tells of each. */
export type Definitions = Map<string, Definition>;

export interface Definition {
  readonly schema: JsonSchema;
  readonly keys: readonly {
    readonly name: string;
    readonly form: string;
    readonly help: string;
    readonly required: boolean;
  }[];
}

export type Value<S> = S extends Shape<infer T> ? T : never;

export function kindOf(node: YamlNode): NodeKind {
  if (node.kind !== "scalar") return node.kind;
  return node.value === null ? "null" : (typeof node.value as "string" | "number" | "boolean");
}

export function mismatch(node: YamlNode, place: Place, expected: string): undefined {
  return place.fault(node.at, `must be ${expected}, not ${described(node)}`);
}

/** What the shape reads, made into something else; `undefined` from `make` is a fault that it has told. */
export function mapped<T, U>(
  shape: Shape<T>,
  make: (value: T, place: Place, node: YamlNode) => U | undefined,
): Shape<U> {
  return {
    ...shape,
    read(node, place) {
      const value = shape.read(node, place);
      return value === undefined ? undefined : make(value, place, node);
    },
  };
}

/** The same shape, called by what it is here. */
export function called<T>(expected: string, shape: Shape<T>): Shape<T> {
  return { ...shape, expected };
}

/** The first of the shapes that takes values of this kind. */
export function either<S extends readonly Shape<unknown>[]>(...shapes: S): Shape<Value<S[number]>> {
  const expected = shapes.map((shape) => shape.expected).join(", or ");
  return {
    expected,
    takes: shapes.flatMap(({ takes }) => takes),
    read(node, place) {
      const shape = shapes.find(({ takes }) => takes.includes(kindOf(node)));
      return shape ? (shape.read(node, place) as Value<S[number]> | undefined) : mismatch(node, place, expected);
    },
    schema: (definitions) => ({ anyOf: shapes.map((shape) => shape.schema(definitions)) }),
  };
}
