// SPDX-License-Identifier: Apache-2.0

/** The names that differ least from one that is not there, if they differ little: at most three. */
export function closestNames(names: Iterable<string>, name: string): string[] {
  let closest: string[] = [];
  let limit = name.length < 5 ? 1 : 2;
  for (const other of names) {
    if (Math.abs(other.length - name.length) > limit) continue;
    const distance = editDistance(name, other, limit);
    if (distance > limit) continue;
    if (distance < limit) closest = [];
    limit = distance;
    closest.push(other);
  }
  return closest.sort().slice(0, 3);
}

/** Insertions, deletions, replacements and swaps of neighbours that make `a` into `b`; above `limit` any larger number. */
export function editDistance(a: string, b: string, limit = Number.POSITIVE_INFINITY): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1);
      row.push(cost);
    }
    if (Math.min(...row) > limit) return limit + 1;
    before = last;
    last = row;
  }
  return last[b.length]!;
}
