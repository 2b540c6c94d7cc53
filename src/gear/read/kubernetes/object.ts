// SPDX-License-Identifier: Apache-2.0
/** Shapes that every object of Kubernetes' API has. */
import type { YamlPosition } from "../../../formats/index.ts";
import { didYouMean, type Place, shown } from "../faults.ts";
import {
  entries,
  type Field,
  type Fields,
  flag,
  mapped,
  optional,
  record,
  type RecordShape,
  type Shape,
  text,
  whole,
  written,
} from "../shape/index.ts";

/** A map of the API, whose other keys are refused by name: they may be right, but are not done here. */
export function object<F extends Fields>(
  name: string,
  fields: F,
  hints: Readonly<Record<string, string>> = {},
): RecordShape<F> {
  return record(name, fields, {
    otherKey(key: string, at: YamlPosition, place: Place) {
      const hint = Object.hasOwn(hints, key) ? hints[key] : didYouMean(key, Object.keys(fields));
      place.unsupported(at, `${shown(key)} is not done here`, hint);
      return "told";
    },
  });
}

/** Names of objects are DNS names; some have dots. */
export const objectName = text("a name of a-z, 0-9, - and .", "[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?");
export const strings = entries(text("a key"), written(), "a map of strings");

/** A key that may be there with the only value that changes nothing here. */
export function only(value: string): Field<string | undefined> {
  return optional(accepted(text(), value), `${value}, or left out`);
}

function accepted<T>(shape: Shape<T>, value: T): Shape<T> {
  return mapped(shape, (given, place, node) =>
    given === value
      ? given
      : place.unsupported(node.at, `${String(given)} is not done here`, `only ${String(value)} is`),
  );
}

export function onlyFlag(value: boolean): Field<boolean | undefined> {
  return optional(accepted(flag, value), `${value}, or left out`);
}

export const metadata = object(
  "metadata",
  {
    name: optional(objectName, "Name of the object"),
    namespace: optional(objectName, "Tenant"),
    labels: optional(strings, "What selectors find it by", []),
    annotations: optional(strings, "Labels of the container", []),
  },
  { generateName: "give it a name" },
);

/** Seconds, as milliseconds. */
export const secondsOf: Shape<number> = mapped(whole(0, 100_000_000), (value) => value * 1000);

const factors: ReadonlyMap<string, number> = new Map([
  ["m", 0.001],
  ["", 1],
  ...[..."kMGTPE"].map((letter, power): [string, number] => [letter, 1000 ** (power + 1)]),
  ...[..."KMGTPE"].map((letter, power): [string, number] => [`${letter}i`, 1024 ** (power + 1)]),
]);

/** A quantity, apimachinery's `resource.Quantity` without exponents: `500m`, `1.5Gi`. */
export const quantity: Shape<number> = mapped(
  written(
    "a quantity such as 500m or 1.5Gi",
    "(?:[0-9]{1,15}(?:\\.[0-9]{0,9})?|\\.[0-9]{1,9})(?:m|k|[MGTPE]|[KMGTPE]i)?",
  ),
  (word, place, node) => {
    const [, number = "", unit = ""] = /^([0-9.]+)(.*)$/.exec(word) ?? [];
    const value = Number(number) * (factors.get(unit) ?? Number.NaN);
    return value > 0 && value <= Number.MAX_SAFE_INTEGER ? value : place.fault(node.at, `${word} is out of range`);
  },
);
