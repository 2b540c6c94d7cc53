// SPDX-License-Identifier: Apache-2.0
/** Maintenance windows: hours of the week, by the clock of a time zone, in which a host may reboot by itself. */
import { hostError } from "../errors.ts";

export interface MaintenanceWindow {
  /** 1 is Monday; none: every day. The day on which it begins. */
  readonly days: readonly number[];
  /** Minutes after midnight. */
  readonly start: number;
  /** Minutes after midnight; not after `start`: on the next day. */
  readonly end: number;
}

const dayNames = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/**
 * Reads `[DAYS] HH:MM-HH:MM`, several separated by `;`. Days are those of systemd.time(7): `Sat,Sun`, `Mon..Fri`; without
 * them it is every day. An end that is not after the start is on the next day; `24:00` is midnight.
 */
export function parseWindows(text: string): MaintenanceWindow[] {
  const parts = text.split(";").map((part) => part.trim());
  return parts.filter((part) => part !== "").map(parseWindow);
}

function parseWindow(text: string): MaintenanceWindow {
  const [, days, from, to] = /^(?:(\S+)\s+)?([0-9:]+)\s*-\s*([0-9:]+)$/.exec(text) ?? [];
  if (from === undefined || to === undefined) throw badWindow(text, "write it like this: Sat,Sun 02:00-04:00");
  return { days: days === undefined ? [] : parseDays(days), start: minutes(from), end: minutes(to) % (24 * 60) };
}

function badWindow(text: string, hint: string) {
  return hostError("bad-config", `${JSON.stringify(text)} is no maintenance window`, { hint });
}

function parseDays(text: string): number[] {
  return text.split(",").flatMap((part) => {
    const [first, last = first] = part.split("..").map((name) => dayNames.indexOf(name) + 1);
    if (first === undefined || last === undefined || first === 0 || last === 0)
      throw badWindow(text, `days are ${dayNames.join(", ")}`);
    // Over the end of the week, too: Sat..Mon.
    return Array.from({ length: ((last - first + 7) % 7) + 1 }, (_, index) => ((first - 1 + index) % 7) + 1);
  });
}

function minutes(text: string): number {
  const [, hours, rest] = /^([0-9]{1,2}):([0-9]{2})$/.exec(text) ?? [];
  const value = Number(hours) * 60 + Number(rest);
  if (!(value <= 24 * 60) || Number(rest) > 59) throw badWindow(text, "times are HH:MM");
  return value;
}

/** Throws for a name that is no time zone. */
export function checkTimeZone(name: string): string {
  try {
    Temporal.Now.zonedDateTimeISO(name);
    return name;
  } catch (cause) {
    throw hostError("bad-config", `${JSON.stringify(name)} is no time zone`, { cause, hint: "Europe/Berlin, UTC" });
  }
}

/** A window as it comes to be: its times on the world's clock. */
export interface Opening {
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
}

/**
 * The window that is open at a time, or the next that will be. Without windows it is always open; undefined when none
 * comes within eight days, which cannot be.
 *
 * A time that a day does not have, because the clock is put forward, is as much later; of one that it has twice, the first
 * counts (Temporal's `compatible`).
 */
export function nextOpening(windows: readonly MaintenanceWindow[], timeZone: string, now: number): Opening | undefined {
  if (windows.length === 0) return { start: now, end: Number.POSITIVE_INFINITY };
  const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timeZone).toPlainDate();
  // A window that began yesterday may still be open.
  const days = Array.from({ length: 10 }, (_, index) => today.add({ days: index - 1 }));
  const openings = days.flatMap((day) =>
    windows
      .filter((window) => window.days.length === 0 || window.days.includes(day.dayOfWeek))
      .map((window) => opening(window, day, timeZone)),
  );
  return openings.filter(({ end }) => end > now).toSorted((a, b) => a.start - b.start)[0];
}

function opening({ start, end }: MaintenanceWindow, day: Temporal.PlainDate, timeZone: string): Opening {
  const at = (date: Temporal.PlainDate, minute: number) =>
    date.toZonedDateTime({ timeZone, plainTime: new Temporal.PlainTime(Math.floor(minute / 60), minute % 60) })
      .epochMilliseconds;
  const nextDay = end <= start;
  const from = start === 24 * 60 ? at(day.add({ days: 1 }), 0) : at(day, start);
  return { start: from, end: at(nextDay ? day.add({ days: 1 }) : day, end) };
}
