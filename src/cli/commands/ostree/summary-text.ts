// SPDX-License-Identifier: Apache-2.0
/** A summary as `ostree summary -v` and `ostree remote summary` print it (ot_dump_summary_bytes). */
import { printGVariant, readGVariant, type Variant } from "../../../formats/index.ts";
import {
  type SignatureResult,
  signaturesText,
  type Summary,
  summaryCollections,
  summaryKeys,
  swap64,
} from "../../../ostree/index.ts";
import { cliError } from "../../errors.ts";
import { formatSize } from "../../render/columns.ts";

const summaryType = "(a(s(taya{sv}))a{sv})";

export function rawSummaryText(bytes: Uint8Array): string {
  return printGVariant(summaryType, readGVariant(summaryType, bytes, "summary"), { byteswap: true });
}

export function summaryText(summary: Summary): string {
  const collections = summaryCollections(summary);
  const lines = summary.metadata.has(summaryKeys.collectionId) ? [] : refLines(summary.refs);
  for (const [id, refs] of collections) lines.push(...refLines(refs, id));
  for (const [key, value] of summary.metadata) lines.push(metadataLine(key, value));
  return lines.join("\n");
}

function refLines(refs: Summary["refs"], collection?: string): string[] {
  return [...refs].flatMap(([name, { commit, size, metadata }]) => [
    collection === undefined ? `* ${name}` : `* (${collection}, ${name})`,
    `    Latest Commit (${formatSize(Number(size))}):`,
    `      ${commit}`,
    ...[...metadata].map(([key, value]) => `    ${refLine(key, value)}`),
    "",
  ]);
}

/** The value of one metadata key (ot_dump_summary_metadata_key). */
export function metadataKeyText(metadata: Summary["metadata"], key: string): string {
  const found = metadata.get(key);
  if (!found) throw cliError("usage", `No such metadata key '${key}'`);
  return printGVariant(found.type, found.value, { byteswap: true });
}

/** @param results of the signatures; none without a signature file */
export function signatureLines(results: readonly SignatureResult[] | undefined): string {
  if (!results) return "Summary is unsigned";
  return results.length === 0 ? "" : signaturesText((count) => `\nFound ${count} on the summary:`, results);
}

function refLine(key: string, value: Variant): string {
  if (key === summaryKeys.commitTimestamp) return `Timestamp (${key}): ${time(value)}`;
  if (key === summaryKeys.commitVersion) return `Version (${key}): ${String(value.value)}`;
  return `${key}: ${plain(value)}`;
}

function metadataLine(key: string, value: Variant): string {
  switch (key) {
    case summaryKeys.staticDeltas:
      return `Static Deltas (${key}): ${plain(value)}`;
    case summaryKeys.lastModified:
      return `Last-Modified (${key}): ${time(value)}`;
    case summaryKeys.expires:
      return `Expires (${key}): ${time(value)}`;
    case summaryKeys.collectionId:
      return `Collection ID (${key}): ${String(value.value)}`;
    case summaryKeys.collectionMap:
      return `Collection Map (${key}): (printed above)`;
    case summaryKeys.mode:
      return `Repository Mode (${key}): ${String(value.value)}`;
    case summaryKeys.tombstones:
      return `Has Tombstone Commits (${key}): ${value.value === true ? "Yes" : "No"}`;
    default:
      return `${key}: ${plain(value)}`;
  }
}

function plain(value: Variant): string {
  return printGVariant(value.type, value.value, { annotate: false });
}

/** Local time, as uint64_secs_to_iso8601 (`%FT%T%:::z`: the zone with as few digits as it needs). */
function time(value: Variant): string {
  if (value.type !== "t") return plain(value);
  const date = new Date(Number(swap64(value.value as bigint)) * 1000);
  if (Number.isNaN(date.getTime())) return "invalid";
  const offset = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + offset * 60_000).toISOString().replace(/\..*/, "");
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
  const two = (number: number) => String(number).padStart(2, "0");
  return `${local}${offset < 0 ? "-" : "+"}${two(hours)}${minutes === 0 ? "" : `:${two(minutes)}`}`;
}
