// SPDX-License-Identifier: Apache-2.0
/**
 * Boot loader entries, type 1 of the UAPI Boot Loader Specification (https://uapi-group.org/specifications/specs/boot_loader_specification/):
 * lines of `key value`, `#` comments. A key may be repeated (`initrd`), which is why an entry is a list and not a map.
 */
export interface BlsEntry {
  readonly fields: readonly BlsField[];
}

export type BlsField = readonly [key: string, value: string];

/** Keys in the order in which libostree writes them (`ostree_bootconfig_parser_write_at`); others follow as they came. */
const writeOrder = ["title", "version", "options", "devicetree", "linux", "initrd"];

/** Reads an entry. Lines that do not begin with a letter, or have no value, are passed over as libostree does. */
export function parseBlsEntry(text: string): BlsEntry {
  const fields: BlsField[] = [];
  for (const line of text.split("\n")) {
    const match = /^([A-Za-z][^ \t]*)[ \t](.*)$/.exec(line);
    if (match !== null) fields.push([match[1]!, match[2]!.trim()]);
  }
  return { fields };
}

/** Writes an entry, the known keys first. Values must be single lines. */
export function formatBlsEntry(entry: BlsEntry): string {
  const known = writeOrder.flatMap((key) => entry.fields.filter((field) => field[0] === key));
  const others = entry.fields.filter((field) => !writeOrder.includes(field[0]));
  return [...known, ...others].map(formatField).join("");
}

function formatField([key, value]: BlsField): string {
  if (/[\n\r\0]/.test(value)) throw new Error(`boot entry field ${key} has a line break`);
  return `${key} ${value}\n`;
}

/** The value of `key`: the last one when repeated, as boot loaders take it. */
export function blsValue(entry: BlsEntry, key: string): string | undefined {
  return entry.fields.findLast((field) => field[0] === key)?.[1];
}

/** All values of `key` in their order (`initrd`). */
export function blsValues(entry: BlsEntry, key: string): string[] {
  return entry.fields.filter((field) => field[0] === key).map((field) => field[1]);
}

/**
 * Orders `version` values as boot loaders do: runs of digits by number, the rest by code point. libostree uses
 * strverscmp(3) (`compare_boot_loader_configs`), which differs only in runs with leading zeros; its versions have none.
 */
export function compareBlsVersions(a: string, b: string): number {
  const [runsA, runsB] = [versionRuns(a), versionRuns(b)];
  for (let index = 0; index < Math.max(runsA.length, runsB.length); index++) {
    const order = compareRuns(runsA[index] ?? "", runsB[index] ?? "");
    if (order !== 0) return order;
  }
  return 0;
}

const versionRuns = (text: string): string[] => text.match(/[0-9]+|[^0-9]+/g) ?? [];

function compareRuns(a: string, b: string): number {
  const numbers = /^[0-9]/.test(a) && /^[0-9]/.test(b);
  if (numbers && BigInt(a) !== BigInt(b)) return BigInt(a) < BigInt(b) ? -1 : 1;
  return a === b ? 0 : a < b ? -1 : 1;
}
