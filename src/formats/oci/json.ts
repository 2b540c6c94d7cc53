// SPDX-License-Identifier: Apache-2.0
/** JSON documents of the OCI image specification: read with care, written so that the same value gives the same bytes. */
import { formatError } from "../errors.ts";

export type OciJson = string | number | boolean | null | readonly OciJson[] | { readonly [key: string]: OciJson };
export type OciObject = Readonly<Record<string, OciJson>>;

/** What registries take of a manifest at least, and clients at most (distribution-spec, "Pushing Manifests"). */
export const ociDocumentLimit = 4 << 20;

/** @param bytes of one object; larger ones are refused before they are parsed, for parsed they take many times the memory */
export function parseOciObject(bytes: Uint8Array, what: string): OciObject {
  if (bytes.length > ociDocumentLimit)
    throw formatError("oci", `${what}: ${bytes.length} bytes, more than ${ociDocumentLimit}`);
  try {
    return asObject(JSON.parse(Buffer.from(bytes).toString("utf8")) as OciJson, what);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw formatError("oci", `${what}: ${cause.message}`, { cause });
  }
}

export function asObject(value: OciJson | undefined, what: string): OciObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as OciObject;
  throw formatError("oci", `${what} is no JSON object`);
}

export function asList(value: OciJson | undefined, what: string): readonly OciJson[] {
  if (Array.isArray(value)) return value as readonly OciJson[];
  throw formatError("oci", `${what} is no JSON array`);
}

export function asText(value: OciJson | undefined, what: string): string {
  if (typeof value === "string") return value;
  throw formatError("oci", `${what} is no JSON string`);
}

/** `undefined` where the member is missing or null, as Go's encoder leaves it. */
export function optional<T>(
  object: OciObject,
  key: string,
  what: string,
  read: (value: OciJson, what: string) => T,
): T | undefined {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  return value === undefined || value === null ? undefined : read(value, `${what}: ${key}`);
}

export function asTexts(value: OciJson, what: string): readonly string[] {
  return asList(value, what).map((item) => asText(item, what));
}

export function asTextMap(value: OciJson, what: string): ReadonlyMap<string, string> {
  return new Map(Object.entries(asObject(value, what)).map(([key, text]) => [key, asText(text, `${what}: ${key}`)]));
}

/** Members in the order of their names, no blanks: the same value, the same digest. */
export function encodeOciJson(value: OciJson): Buffer {
  return Buffer.from(JSON.stringify(sorted(value)));
}

function sorted(value: OciJson): OciJson {
  if (Array.isArray(value)) return (value as readonly OciJson[]).map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value as OciObject).map(([key, item]): [string, OciJson] => [key, sorted(item)]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
