// SPDX-License-Identifier: Apache-2.0
import type { GVariantValue, Variant } from "../formats/index.ts";
import type { PackageId, SourceInfo } from "../packages/index.ts";
import { composeError } from "./errors.ts";

export interface MetadataInput {
  readonly version?: string;
  readonly kernel?: string;
  readonly inputHash: string;
  readonly packages: readonly PackageId[];
  readonly sources: readonly SourceInfo[];
  /** `add-commit-metadata` of the treefile, then what the command line adds. */
  readonly added: ReadonlyMap<string, unknown>;
}

/** A commit's metadata, in an order that does not depend on anything but the keys. */
export function commitMetadata(input: MetadataInput): Map<string, Variant> {
  const metadata = new Map<string, Variant>();
  if (input.version !== undefined) metadata.set("version", { type: "s", value: input.version });
  if (input.kernel !== undefined) {
    // libostree's `ostree commit --bootable` (ostree_commit_metadata_for_bootable).
    metadata.set("ostree.linux", { type: "s", value: input.kernel });
    metadata.set("ostree.bootable", { type: "b", value: true });
  }
  metadata.set("atomic.inputhash", { type: "s", value: input.inputHash });
  metadata.set("atomic.packages", { type: "a(sss)", value: packageList(input.packages) });
  metadata.set("atomic.sources", { type: "a(sssss)", value: input.sources.map(sourceEntry) });
  for (const [key, value] of input.added) metadata.set(key, variantOf(key, value));
  return new Map([...metadata].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Name, version, architecture. */
function packageList(packages: readonly PackageId[]): GVariantValue {
  return packages
    .map(({ name, version, architecture }) => [name, version, architecture])
    .toSorted((a, b) => (a.join("\0") < b.join("\0") ? -1 : 1));
}

/** URI, suite, codename, date of its Release file, SHA-256 of that file. A number would have a byte order. */
function sourceEntry({ uri, suite, codename, date, checksum }: SourceInfo): GVariantValue {
  return [uri, suite, codename, new Date(date * 1000).toISOString(), checksum];
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
