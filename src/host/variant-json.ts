// SPDX-License-Identifier: Apache-2.0
import type { GVariantValue, Variant } from "../formats/index.ts";

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** A GVariant value as JSON (json-glib's `json_gvariant_serialize`): variants unwrapped, byte arrays as numbers. */
export function toJson(value: GVariantValue | undefined): JsonValue {
  if (value === undefined || value === null) return null;
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object") return value;
  if (value instanceof Uint8Array) return [...value];
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [String(key), toJson(item)]));
  if (Array.isArray(value)) return value.map((item) => toJson(item as GVariantValue));
  return toJson((value as Variant).value);
}
