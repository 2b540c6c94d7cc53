// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../../errors.ts";

/** systemd.time(7): what the words stand for. */
const words: ReadonlyMap<string, string> = new Map([
  ["minutely", "* * * * *"],
  ["hourly", "0 * * * *"],
  ["daily", "0 0 * * *"],
  ["weekly", "0 0 * * 1"],
  ["monthly", "0 0 1 * *"],
  ["quarterly", "0 0 1 1,4,7,10 *"],
  ["semiannually", "0 0 1 1,7 *"],
  ["yearly", "0 0 1 1 *"],
  ["annually", "0 0 1 1 *"],
]);

const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const form =
  /^(?:(?<days>[A-Za-z,.]+)\s+)?(?:\*-(?<month>\*|[\d,]+)-(?<day>\*|[\d,]+)\s+)?(?<hour>\*|[\d,]+):(?<minute>\*|[\d,]+)(?::0?0)?$/;

/**
 * A calendar expression of systemd.time(7) as a line of crontab(5).
 * @throws gear-unsupported for what cron cannot say: years, seconds, and days both of the week and of the month
 */
export function cronSchedule(calendar: string, container: string): string {
  const word = words.get(calendar.trim().toLowerCase());
  if (word !== undefined) return word;
  const { days: weekdays, month = "*", day = "*", hour, minute } = form.exec(calendar.trim())?.groups ?? {};
  const week = weekdays === undefined ? "*" : weekdayList(weekdays);
  // cron runs when either of them fits, systemd when both do.
  const both = week !== "*" && day !== "*";
  if (hour === undefined || minute === undefined || week === undefined || both) throw unsupported(calendar, container);
  return [minute, hour, day, month].map((part) => part.replaceAll(/\b0(?=\d)/g, "")).join(" ") + ` ${week}`;
}

/** `Mon,Wed` or `Mon..Fri`, names in full or their first three letters. */
function weekdayList(text: string): string | undefined {
  const parts = text
    .split(",")
    .map((part) => part.split("..").map((name) => days.indexOf(name.slice(0, 3).toLowerCase())));
  if (parts.some((part) => part.length > 2 || part.includes(-1))) return undefined;
  // A range may go over the end of the week; cron's may not.
  const listed = parts.flatMap(([from = 0, to = from]) =>
    Array.from({ length: ((to - from + 7) % 7) + 1 }, (_, index) => (from + index) % 7),
  );
  return [...new Set(listed)].toSorted((one, other) => one - other).join(",");
}

function unsupported(calendar: string, container: string): Error {
  return gearError("unsupported", `${container}: cron cannot say when ${JSON.stringify(calendar)} is`, {
    hint: "daily, or Mon..Fri 03:30, or *-*-01 03:30 can be said",
  });
}
