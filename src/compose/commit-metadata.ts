// SPDX-License-Identifier: Apache-2.0
import type { Variant } from "../formats/index.ts";
import { composeError } from "./errors.ts";

export interface MetadataInput {
  readonly version?: string;
  readonly kernel?: string;
  /** Of the input and the packages. */
  readonly own: ReadonlyMap<string, Variant>;
  /** `add-commit-metadata` of the treefile, then what the command line adds. */
  readonly added: ReadonlyMap<string, unknown>;
}

/** A commit's metadata, in an order that does not depend on anything but the keys. */
export function commitMetadata(input: MetadataInput): Map<string, Variant> {
  const metadata = new Map<string, Variant>(input.own);
  if (input.version !== undefined) metadata.set("version", { type: "s", value: input.version });
  if (input.kernel !== undefined) {
    // libostree's `ostree commit --bootable` (ostree_commit_metadata_for_bootable).
    metadata.set("ostree.linux", { type: "s", value: input.kernel });
    metadata.set("ostree.bootable", { type: "b", value: true });
  }
  for (const [key, value] of input.added) metadata.set(key, variantOf(key, value));
  return new Map([...metadata].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** JSON as GVariant, as rpm-ostree does it (json-glib's json_gvariant_deserialize without a signature). */
function variantOf(key: string, value: unknown): Variant {
  if (typeof value === "string") return { type: "s", value };
  if (typeof value === "boolean") return { type: "b", value };
  if (typeof value === "number" && Number.isSafeInteger(value)) return { type: "x", value: BigInt(value) };
  if (typeof value === "number") return { type: "d", value };
  if (Array.isArray(value)) return { type: "av", value: value.map((item) => variantOf(key, item)) };
  if (typeof value === "object" && value !== null) {
    return { type: "a{sv}", value: new Map(Object.entries(value).map(([name, item]) => [name, variantOf(key, item)])) };
  }
  throw composeError("treefile-value", `commit metadata ${key}: ${JSON.stringify(value)} cannot be stored`);
}
