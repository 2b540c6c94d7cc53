// SPDX-License-Identifier: Apache-2.0
import { ostreeError } from "./errors.ts";

const unitSeconds: Readonly<Record<string, number>> = {
  sec: 1,
  second: 1,
  min: 60,
  minute: 60,
  hour: 3600,
  day: 86400,
  week: 604800,
  fortnight: 1209600,
};

const words: Readonly<Record<string, number>> = { now: 0, today: 0, yesterday: -86400, tomorrow: 86400 };

/**
 * Reads a date as `ostree commit --timestamp` and `prune --keep-younger-than` take it (gnulib's parse_datetime): `@N`,
 * `2026-01-31 12:00:00 +0000`, what `date` prints, `3 days ago`, `yesterday`. Without a zone it is local time.
 * @returns seconds since 1970
 */
export function parseDate(text: string, now = new Date()): bigint {
  const trimmed = text.trim();
  const absolute = /^@(-?\d{1,12})(?:\.\d+)?$/.exec(trimmed)?.[1];
  if (absolute !== undefined) return checked(BigInt(absolute), text);
  const relative = parseRelative(trimmed.toLowerCase(), now);
  if (relative !== undefined) return seconds(relative);
  const iso = /^(\d{4}-\d{2}-\d{2})(?:[T ]+(\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?\s*(Z|UTC|GMT|[-+]\d{2}(?::?\d{2})?)?$/i;
  const match = iso.exec(trimmed);
  const date = match ? new Date(`${match[1]}T${match[2] ?? "00:00"}${zone(match[3])}`) : new Date(trimmed);
  if (trimmed === "" || Number.isNaN(date.getTime())) throw ostreeError("bad-date", `Could not parse '${text}'`);
  return seconds(date);
}

/** The end of the year 9999, which GLib's dates end with. */
const latest = 253_402_300_799n;

function checked(time: bigint, text: string): bigint {
  if (time > latest || time < 0n) throw ostreeError("bad-date", `Could not parse '${text}'`);
  return time;
}

function seconds(date: Date): bigint {
  return BigInt(Math.floor(date.getTime() / 1000));
}

function zone(text: string | undefined): string {
  if (text === undefined) return "";
  const offset = /^([-+]\d{2}):?(\d{2})?$/.exec(text);
  return offset ? `${offset[1]}:${offset[2] ?? "00"}` : "Z";
}

function parseRelative(text: string, now: Date): Date | undefined {
  const word = words[text];
  if (word !== undefined) return new Date(now.getTime() + word * 1000);
  const match = /^([-+]?\d{1,6}|an?|last|next)\s*([a-z]+?)s?(\s+ago)?$/.exec(text);
  const [, amount, unit, ago] = match ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  const named: Record<string, number> = { a: 1, an: 1, last: -1, next: 1 };
  const count = (named[amount] ?? Number(amount)) * (ago === undefined ? 1 : -1);
  const date = new Date(now);
  if (unit === "month") date.setMonth(date.getMonth() + count);
  else if (unit === "year") date.setFullYear(date.getFullYear() + count);
  else if (unitSeconds[unit] !== undefined) date.setTime(date.getTime() + count * unitSeconds[unit] * 1000);
  else return undefined;
  return date;
}

/** SOURCE_DATE_EPOCH of reproducible-builds.org in seconds, or now (ostree_repo_write_commit). */
export function defaultTimestamp(environment: NodeJS.ProcessEnv = process.env): bigint {
  const text = environment["SOURCE_DATE_EPOCH"];
  if (text === undefined) return seconds(new Date());
  if (!/^\d+$/.test(text)) throw ostreeError("bad-date", `Failed to convert SOURCE_DATE_EPOCH: ${text}`);
  if (BigInt(text) > latest) throw ostreeError("bad-date", "Parsing SOURCE_DATE_EPOCH: Numerical result out of range");
  return BigInt(text);
}
