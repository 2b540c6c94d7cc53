// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkTimeZone, hostError, nextOpening, parseWindows } from "../../../src/host/index.ts";

const at = (text: string) => Date.parse(text);

/** The next opening as text in UTC. */
function opening(windows: string, timeZone: string, now: string): string {
  const found = nextOpening(parseWindows(windows), timeZone, at(now));
  return found === undefined ? "never" : `${iso(found.start)} ${iso(found.end)}`;
}

function iso(time: number): string {
  return Number.isFinite(time) ? new Date(time).toISOString().slice(0, 16) : "ever";
}

test("windows are read as systemd writes days", () => {
  assert.deepEqual(parseWindows("Sat,Sun 02:00-04:30; 22:15-24:00;"), [
    { days: [6, 7], start: 120, end: 270 },
    { days: [], start: 22 * 60 + 15, end: 0 },
  ]);
  assert.deepEqual(parseWindows("Mon..Fri 1:00 - 2:00")[0]?.days, [1, 2, 3, 4, 5]);
  assert.deepEqual(parseWindows("Sat..Mon 1:00-2:00")[0]?.days, [6, 7, 1]);
  for (const wrong of ["02:00", "Samstag 02:00-03:00", "25:00-26:00", "02:60-03:00", "Mon 02:00"])
    assert.throws(
      () => parseWindows(wrong),
      (error) => hostError.is(error, "bad-config"),
      wrong,
    );
  assert.throws(
    () => checkTimeZone("Europe/Atlantis"),
    (error) => hostError.is(error, "bad-config"),
  );
});

test("a window opens by the clock of its zone", () => {
  // 2026-11-23 is a Monday; Berlin is an hour ahead of UTC in winter, New York five behind.
  assert.equal(opening("02:00-04:00", "UTC", "2026-11-23T01:00Z"), "2026-11-23T02:00 2026-11-23T04:00");
  assert.equal(opening("02:00-04:00", "Europe/Berlin", "2026-11-23T01:00Z"), "2026-11-23T01:00 2026-11-23T03:00");
  assert.equal(
    opening("Mon 22:00-23:00", "America/New_York", "2026-11-24T02:30Z"),
    "2026-11-24T03:00 2026-11-24T04:00",
  );
  assert.equal(opening("Sun 02:00-04:00", "UTC", "2026-11-23T01:00Z"), "2026-11-29T02:00 2026-11-29T04:00");
  assert.equal(opening("", "UTC", "2026-11-23T01:00Z"), "2026-11-23T01:00 ever");
});

test("a window that is open is given, over midnight too, and one that closes now is not", () => {
  assert.equal(opening("Sun 23:00-03:00", "UTC", "2026-11-23T02:59Z"), "2026-11-22T23:00 2026-11-23T03:00");
  assert.equal(opening("Sun 23:00-03:00", "UTC", "2026-11-23T03:00Z"), "2026-11-29T23:00 2026-11-30T03:00");
  assert.equal(opening("Mon 00:00-24:00", "UTC", "2026-11-23T23:59Z"), "2026-11-23T00:00 2026-11-24T00:00");
});

test("a night without two o'clock, and one that has it twice", () => {
  // Berlin: forward on 2026-03-29 at 01:00Z, back on 2026-10-25 at 01:00Z.
  assert.equal(opening("Sun 02:15-02:45", "Europe/Berlin", "2026-03-28T12:00Z"), "2026-03-29T01:15 2026-03-29T01:45");
  assert.equal(opening("Sun 02:00-04:00", "Europe/Berlin", "2026-03-28T12:00Z"), "2026-03-29T01:00 2026-03-29T02:00");
  assert.equal(opening("Sun 02:15-02:45", "Europe/Berlin", "2026-10-24T12:00Z"), "2026-10-25T00:15 2026-10-25T00:45");
  assert.equal(opening("Sun 02:00-04:00", "Europe/Berlin", "2026-10-24T12:00Z"), "2026-10-25T00:00 2026-10-25T03:00");
});
