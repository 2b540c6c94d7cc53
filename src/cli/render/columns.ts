// SPDX-License-Identifier: Apache-2.0
import type { Style } from "../command.ts";

/** `key: value` lines with the colons below each other, as rpm-ostree prints them. Values may have several lines. */
export function keyLines(pairs: readonly (readonly [key: string, value: string])[], indent = 2): string[] {
  const width = Math.max(...pairs.map(([key]) => key.length)) + indent;
  return pairs.flatMap(([key, value]) =>
    value.split("\n").map((line, index) => `${(index === 0 ? `${key}:` : "").padStart(width + 1)} ${line}`.trimEnd()),
  );
}

const ages: readonly [seconds: number, name: string][] = [
  [86400 * 365, "year"],
  [86400 * 30, "month"],
  [86400, "day"],
  [3600, "hour"],
  [60, "minute"],
];

/** `4 days ago`; times are seconds since 1970. */
export function formatAge(timestamp: number, now: number): string {
  const age = Math.max(0, now - timestamp);
  const [seconds, name] = ages.find(([unit]) => age >= unit) ?? [1, "second"];
  const count = Math.floor(age / seconds);
  return `${count} ${name}${count === 1 ? "" : "s"} ago`;
}

/** `2026-11-18 10:00:00 UTC` of seconds since 1970. */
export function formatTime(timestamp: number): string {
  const date = new Date(timestamp * 1000);
  return Number.isNaN(date.getTime()) ? String(timestamp) : `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

export const shortChecksum = (checksum: string): string => checksum.slice(0, 12);

/** A size as g_format_size prints it: powers of 1000, one decimal. */
export function formatSize(bytes: number): string {
  if (bytes < 1000) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  const units = ["kB", "MB", "GB", "TB", "PB", "EB"];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  // g_format_size puts a no-break space between.
  return `${value.toFixed(1)}\u00a0${units[unit]}`;
}

/** Rows of a list that a terminal shows, unless `--verbose`. */
const rowLimit = 10;

/** What is shown of a list, and a line for what is not: a terminal has the first rows, a pipe has all. */
export function cutRows<T>(rows: readonly T[], style: Style): { visible: readonly T[]; more: readonly string[] } {
  if (style.verbose || !style.terminal || rows.length <= rowLimit + 1) return { visible: rows, more: [] };
  return { visible: rows.slice(0, rowLimit), more: [`… ${rows.length - rowLimit} more (-v)`] };
}
