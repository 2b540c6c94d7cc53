// SPDX-License-Identifier: Apache-2.0
/**
 * A Packages index in the form that is quick to load: the values that are needed, one line each, and tables of names
 * and of what is provided. A package is decoded when it is asked for: of 68,000 a solution looks at some hundreds.
 *
 *     JSON header line | names | provides | offsets (u32 each, count + 1) | records
 */
import { createHash } from "node:crypto";
import { scanDeb822 } from "../../formats/index.ts";
import { packageError } from "../errors.ts";

/**
 * The fields kept, in the order of a record's lines. From Pre-Depends to Provides it is the order in which apt's cache
 * meets names (debListParser::NewVersion), which decides between providers that are equal otherwise.
 */
export const indexFields = [
  "Package",
  "Version",
  "Architecture",
  "Pre-Depends",
  "Depends",
  "Conflicts",
  "Breaks",
  "Recommends",
  "Suggests",
  "Replaces",
  "Enhances",
  "Provides",
  "Source",
  "Essential",
  "Protected",
  "Important",
  "Priority",
  "Section",
  "Multi-Arch",
  "Installed-Size",
  "Filename",
  "Size",
  "SHA256",
  "Description",
] as const;

export type IndexField = (typeof indexFields)[number];

export const fieldNumber: Readonly<Record<IndexField, number>> = Object.fromEntries(
  indexFields.map((name, number) => [name, number]),
) as Record<IndexField, number>;

const numberOf = new Map<string, number>(indexFields.map((name, number) => [name.toLowerCase(), number]));
const exact = new Map<string, number>(indexFields.map((name, number) => [name, number]));

const version = 2;

export interface PackageIndex {
  readonly count: number;
  /** Name of each package. */
  readonly names: readonly string[];
  /** What is provided -> the numbers of the packages that provide it. */
  readonly provides: ReadonlyMap<string, readonly number[]>;
  /** Numbers of the packages that are Essential or of priority required. */
  readonly essential: readonly number[];
  /** Offset of each package's record in `records`, and the end of the last. */
  readonly offsets: Uint32Array;
  readonly records: Buffer;
}

/** Reads the text of a Packages file. Throws `packages-bad-index` or `formats-deb822` when it is damaged. */
export function parsePackages(bytes: Buffer, what: string): PackageIndex {
  // One byte per character whatever the encoding: values are copied as bytes, the names looked at are ASCII.
  const text = bytes.toString("latin1");
  const names: string[] = [];
  const provides = new Map<string, number[]>();
  const essential: number[] = [];
  const offsets: number[] = [];
  const pieces: string[] = [];
  let length = 0;
  let values: string[] = Array.from(indexFields, () => "");
  let seen = 0;
  scanDeb822(text, what, {
    field(name, colon, value, end) {
      const key = text.slice(name, colon);
      const number = exact.get(key) ?? numberOf.get(key.toLowerCase());
      if (number === undefined) return;
      if ((seen & (1 << number)) !== 0) throw packageError("bad-index", `${what}: ${values[0]} has ${key} twice`);
      seen |= 1 << number;
      const content = text.slice(value, end);
      values[number] = content.includes("\n") ? content.replace(/\s*\n\s*/g, " ").trim() : content.trimEnd();
    },
    stanza() {
      const [name = "", packageVersion = ""] = values;
      if (name === "" || packageVersion === "") {
        throw packageError("bad-index", `${what}: stanza ${names.length + 1} has no Package or no Version`);
      }
      addProvides(provides, values[fieldNumber.Provides]!, names.length);
      const isEssential = values[fieldNumber.Essential] === "yes" || values[fieldNumber.Priority] === "required";
      if (isEssential) essential.push(names.length);
      const record = `${values.join("\n")}\n`;
      offsets.push(length);
      length += record.length;
      names.push(name);
      pieces.push(record);
      values = Array.from(indexFields, () => "");
      seen = 0;
    },
  });
  offsets.push(length);
  const records = Buffer.from(pieces.join(""), "latin1");
  return { count: names.length, names, provides, essential, offsets: Uint32Array.from(offsets), records };
}

function addProvides(provides: Map<string, number[]>, field: string, number: number): void {
  if (field === "") return;
  for (const part of field.split(",")) {
    const name = /^[^\s(:]+/.exec(part.trim())?.[0];
    if (name === undefined) continue;
    const found = provides.get(name);
    if (found === undefined) provides.set(name, [number]);
    else if (found.at(-1) !== number) found.push(number);
  }
}

/** The values of one package, by `fieldNumber`. */
export function readRecord(index: PackageIndex, number: number): string[] {
  return index.records.toString("utf8", index.offsets[number], index.offsets[number + 1]! - 1).split("\n");
}

export function encodeIndex(index: PackageIndex): Buffer[] {
  const names = Buffer.from(index.names.join("\n"), "latin1");
  const provides = Buffer.from(
    [...index.provides].map(([name, numbers]) => `${name} ${numbers.join(" ")}`).join("\n"),
    "latin1",
  );
  const offsets = Buffer.from(index.offsets.buffer, index.offsets.byteOffset, index.offsets.byteLength);
  const parts = [names, provides, offsets, index.records];
  const { count, essential } = index;
  const header = { version, count, essential, lengths: parts.map((part) => part.length), digest: digest(parts) };
  return [Buffer.from(`${JSON.stringify(header)}\n`), ...parts];
}

function digest(parts: readonly Buffer[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/** The index that `encodeIndex` wrote; `undefined` when it is of another version or damaged, to be made anew. */
export function decodeIndex(bytes: Buffer): PackageIndex | undefined {
  const lineEnd = bytes.subarray(0, 4096).indexOf(0x0a);
  const header = lineEnd < 0 ? undefined : parseHeader(bytes.toString("utf8", 0, lineEnd));
  if (header === undefined) return undefined;
  let at = lineEnd + 1;
  const parts = header.lengths.map((length) => bytes.subarray(at, (at += length)));
  if (at !== bytes.length || digest(parts) !== header.digest) return undefined;
  const [names, provides, offsets, records] = parts as [Buffer, Buffer, Buffer, Buffer];
  return {
    count: header.count,
    names: header.count === 0 ? [] : names.toString("latin1").split("\n"),
    essential: header.essential,
    provides: decodeProvides(provides.toString("latin1")),
    // Copied, for the alignment that a typed array needs.
    offsets: new Uint32Array(Uint8Array.from(offsets).buffer),
    records,
  };
}

function parseHeader(text: string) {
  try {
    const header = JSON.parse(text) as {
      version: number;
      count: number;
      essential: number[];
      lengths: number[];
      digest: string;
    };
    return header.version === version && header.lengths.length === 4 ? header : undefined;
  } catch {
    return undefined;
  }
}

function decodeProvides(text: string): Map<string, number[]> {
  const provides = new Map<string, number[]>();
  if (text === "") return provides;
  for (const line of text.split("\n")) {
    const blank = line.indexOf(" ");
    provides.set(
      line.slice(0, blank),
      line
        .slice(blank + 1)
        .split(" ")
        .map(Number),
    );
  }
  return provides;
}
