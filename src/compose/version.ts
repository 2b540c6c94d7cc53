// SPDX-License-Identifier: Apache-2.0
const dateForm = /<date:([^>]*)>/g;

/**
 * The release's version by `automatic-version-prefix` (rpm-ostree docs/treefile.md; utils.rs `next_version`): the
 * prefix itself, then the prefix with a counter that goes on from the last version. A prefix with `<date:FORMAT>`
 * always has a counter, from 0.
 * @param separator `automatic-version-suffix`, "." unless given
 * @param now seconds since 1970
 */
export function nextVersion(prefix: string, separator: string, last: string | undefined, now: number): string {
  const dated = dateForm.test(prefix);
  const base = prefix.replaceAll(dateForm, (_, format: string) => formatDate(format, new Date(now * 1000)));
  const first = dated ? `${base}${separator}0` : base;
  if (last === undefined || (last !== base && !last.startsWith(`${base}${separator}`))) return first;
  const counter = /^\d+/.exec(last.slice(base.length + separator.length))?.[0];
  return `${base}${separator}${counter === undefined ? 1 : Number(counter) + 1}`;
}

/** The part of strftime(3) that dates of releases use; the time is UTC. */
function formatDate(format: string, date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const fields: Record<string, string> = {
    Y: String(date.getUTCFullYear()),
    y: two(date.getUTCFullYear() % 100),
    m: two(date.getUTCMonth() + 1),
    d: two(date.getUTCDate()),
    H: two(date.getUTCHours()),
    M: two(date.getUTCMinutes()),
    j: String(Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 0)) / 86_400_000)).padStart(3, "0"),
    "%": "%",
  };
  return format.replaceAll(/%(.)/g, (text, letter: string) => fields[letter] ?? text);
}
