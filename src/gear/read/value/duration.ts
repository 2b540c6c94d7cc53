// SPDX-License-Identifier: Apache-2.0
/** Milliseconds of each unit; those of Go's time.ParseDuration and, above the hour, of systemd.time(7). */
const units: ReadonlyMap<string, number> = new Map([
  ["us", 0.001],
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
  ["w", 604_800_000],
]);

/** `10s`, `1m30s`, `500ms`, `1.5h`; a number alone would be seconds to one reader and nanoseconds to another. */
export const durationPattern = "(?:[0-9]{1,9}(?:\\.[0-9]{1,3})?(?:us|ms|[smhdw])){1,7}";
const form = new RegExp(`^${durationPattern}$`);

/** Milliseconds, or `undefined` when it is none. */
export function parseDuration(text: string): number | undefined {
  if (!form.test(text)) return undefined;
  let total = 0;
  for (const [, number = "", unit = ""] of text.matchAll(/([0-9.]+)([a-z]+)/g)) {
    total += Number.parseFloat(number) * (units.get(unit) ?? 0);
  }
  return Math.round(total);
}
