// SPDX-License-Identifier: Apache-2.0
const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

const words: ReadonlyMap<string, string> = new Map([
  ["@hourly", "hourly"],
  ["@daily", "daily"],
  ["@midnight", "daily"],
  ["@weekly", "Sun *-*-* 00:00:00"],
  ["@monthly", "monthly"],
  ["@yearly", "yearly"],
  ["@annually", "yearly"],
]);

/** Lowest and highest of minute, hour, day, month and day of the week, crontab(5). */
const ranges = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
] as const;

/** A line of crontab(5) as an expression of systemd.time(7); undefined for one that is none, or that systemd cannot say. */
export function calendarOf(line: string): string | undefined {
  const word = words.get(line.trim());
  if (word !== undefined) return word;
  const fields = line.trim().split(/\s+/);
  if (fields.length !== 5) return undefined;
  const [minute, hour, day, month, weekday] = fields.map((field, index) => values(field, ranges[index] ?? [0, 0]));
  if (!minute || !hour || !day || !month || !weekday) return undefined;
  // cron runs when either of the days fits, systemd when both do.
  if (day !== "*" && weekday !== "*") return undefined;
  const week = weekday === "*" ? "" : `${[...new Set(weekday.split(",").map((one) => days[Number(one)]))].join(",")} `;
  return `${week}*-${month}-${day} ${hour}:${minute}:00`;
}

/** `*`, or the numbers that a field names: lists, ranges and steps. */
function values(field: string, [lowest, highest]: readonly [number, number]): string | undefined {
  if (field === "*") return "*";
  const found = new Set<number>();
  for (const part of field.split(",")) {
    const [, all, from, to, step] = /^(?:(\*)|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(part) ?? [];
    if (all === undefined && from === undefined) return undefined;
    const first = all ? lowest : Number(from);
    const last = all ? highest : Number(to ?? (step === undefined ? from : highest));
    if (first < lowest || last > highest || last < first || step === "0") return undefined;
    for (let number = first; number <= last; number += Number(step ?? 1)) found.add(number);
  }
  return [...found].toSorted((one, other) => one - other).join(",");
}
