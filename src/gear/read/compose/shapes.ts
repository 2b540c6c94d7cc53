// SPDX-License-Identifier: Apache-2.0
/** Shapes that are Compose's own ways: values that may be strings as well, lists that may be maps, keys that are refused. */
import type { YamlNode, YamlPosition } from "../../../formats/index.ts";
import type { Variable } from "../../model.ts";
import { type Name, parseName } from "../../name.ts";
import { plainName } from "../application-name.ts";
import { didYouMean, type Place, shown } from "../faults.ts";
import {
  type Entry,
  entries,
  either,
  type Field,
  type Fields,
  flag,
  list,
  mapped,
  nothing,
  optional,
  record,
  type RecordShape,
  required,
  type Shape,
  text,
  written,
} from "../shape/index.ts";
import { labelPattern, variablePattern } from "../value/index.ts";
import { asMap } from "./merge.ts";

/** A key that may be left out; the specification tells its meaning. */
export function may<T>(shape: Shape<T>): Field<T | undefined>;
export function may<T>(shape: Shape<T>, absent: T): Field<T>;
export function may<T>(shape: Shape<T>, absent?: T): Field<T | undefined> {
  return optional<T | undefined>(shape, "", absent);
}

/** A key that must be there. */
export function must<T>(shape: Shape<T>): Field<T> {
  return required(shape, "");
}

/** A whole number; a variable makes it a string. */
export function count(minimum: number, maximum: number): Shape<number> {
  const expected = `a whole number from ${minimum} to ${maximum}`;
  return mapped(written(expected, "[0-9]{1,9}"), (digits, place, node) => {
    const value = Number(digits);
    return value >= minimum && value <= maximum ? value : place.fault(node.at, `must be ${expected}, not ${digits}`);
  });
}

export const decimal: Shape<number> = mapped(
  written("a number above 0", "[0-9]{1,6}(?:\\.[0-9]{1,6})?"),
  (digits, place, node) => (Number(digits) > 0 ? Number(digits) : place.fault(node.at, "must be above 0")),
);

/** Words that YAML 1.1 takes for truth values, which Compose's Go library does (yaml.v3, resolve.go). */
export const truth: Shape<boolean> = either(
  flag,
  mapped(text("true or false", "true|false|yes|no|on|off|y|n"), (word) => ["true", "yes", "on", "y"].includes(word)),
);

/** `KEY=VALUE` items, or a map; without a value it is null. */
export function assignments(names: Shape<string>): Shape<Entry<string | null>[]> {
  const shape = entries(names, either(nothing, written()), "a map, or a list of KEY=VALUE");
  return { ...shape, takes: ["map", "list"], read: (node, place) => shape.read(asMap(node, "="), place) };
}

export const environment = assignments(text("the name of a variable", variablePattern));

export const labels: Shape<Variable[]> = mapped(assignments(text("the name of a label", labelPattern)), (all) =>
  all.map(({ name, value }) => ({ name, value: value ?? "" })),
);

/** Names alone, or a map of names to what more there is to say; an empty value is null. */
export function namedItems<T>(shape: Shape<T>, expected: string): Shape<Entry<T | null>[]> {
  const map = entries(text(), either(nothing, shape), expected);
  return { ...map, takes: ["map", "list"], read: (node, place) => map.read(asMap(node, undefined), place) };
}

/** One, or a list of them. */
export function oneOrMore<T>(shape: Shape<T>, expected: string): Shape<T[]> {
  const several = list(shape, expected);
  return { ...several, takes: ["string", "map", "list"], read: (node, place) => several.read(listed(node), place) };
}

function listed(node: YamlNode): YamlNode {
  return node.kind === "list" ? node : { kind: "list", items: [node], at: node.at };
}

/**
 * A map of the Compose specification. Extensions (`x-...`) are for others; what the specification has and is not done here
 * is refused by name.
 * @param refused keys of the specification, some with what can be done instead
 */
export function specified<F extends Fields>(
  name: string,
  fields: F,
  refused: Readonly<Record<string, string>> = {},
): RecordShape<F> {
  const known = [...Object.keys(fields), ...Object.keys(refused)];
  return record(name, fields, {
    otherKey(key: string, at: YamlPosition, place: Place) {
      if (key.startsWith("x-")) return "ignored";
      if (Object.hasOwn(refused, key))
        place.unsupported(at, `${shown(key)} is not supported`, refused[key] || undefined);
      else place.fault(at, `unknown key ${shown(key)}`, didYouMean(key, known));
      return "told";
    },
  });
}

/** A key that is there in every file that Compose itself prints, with the only value that changes nothing. */
export function only(word: string): Field<string | undefined> {
  return may(text(word, word));
}

/** Names in Compose may have what a unit's name cannot: `_`, `.` and capitals. */
export const composeName = text("a name of letters, digits, _, . and -", "[A-Za-z0-9][A-Za-z0-9._-]{0,62}");

/** The name as it is here: `my_db` is `my-db`. */
export function toName(word: string): Name {
  return parseName(plainName(word), "an application or service");
}
