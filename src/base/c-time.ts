// SPDX-License-Identifier: Apache-2.0
const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * Local time as `%c` prints it in the C locale: `Tue Sep 10 02:29:42 2013`. A day of one digit has a space before it,
 * where GLib puts a figure space.
 */
export function localTime(date: Date): string {
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()];
  const time = clock.map((part) => String(part).padStart(2, "0")).join(":");
  const day = String(date.getDate()).padStart(2, " ");
  return `${days[date.getDay()]} ${months[date.getMonth()]} ${day} ${time} ${date.getFullYear()}`;
}

/** As `localTime`, in UTC. */
export function utcTime(date: Date): string {
  const offset = date.getTimezoneOffset() * 60_000;
  return localTime(new Date(date.getTime() + offset));
}
