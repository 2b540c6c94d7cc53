// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";

/**
 * Two MCS categories, the lower first. A process reaches a file when its categories include the file's (mlsconstrain, h1 dom
 * h2), so that of two different pairs neither reaches the other.
 */
export type Categories = readonly [low: number, high: number];

/** c0 to c99 are left to the administrator. Debian's and Fedora's policies have 1024 categories. */
const first = 100;
const end = 1024;
const width = end - first;

/** 426,426 */
export const pairCount = (width * (width - 1)) / 2;

/** The pair of a number below `pairCount`: ordered by the lower one, then the higher. */
export function pairAt(index: number): Categories {
  let low = 0;
  let rest = index;
  for (let room = width - 1; rest >= room; room--) {
    rest -= room;
    low++;
  }
  return [first + low, first + low + 1 + rest];
}

/** `s0:c100,c200` */
export function levelOf([low, high]: Categories): string {
  return `s0:c${low},c${high}`;
}

/** Of a table that was read. Throws `gear-bad-tenants` for what could not have been allocated. */
export function checkedCategories(value: unknown): Categories {
  const [low, high, ...more] = Array.isArray(value) ? (value as unknown[]) : [];
  const inRange = (one: unknown): one is number => Number.isInteger(one) && Number(one) >= first && Number(one) < end;
  if (inRange(low) && inRange(high) && low < high && more.length === 0) return [low, high];
  throw gearError("bad-tenants", `${JSON.stringify(value)?.slice(0, 80)} are not two categories of a tenant`);
}

/** The level of a label such as `system_u:system_r:container_t:s0:c100,c200`; `undefined` when it is no label. */
export function labelLevel(label: string): string | undefined {
  return /^[^:]+:[^:]+:[^:]+:(s\d+.*)$/.exec(label)?.[1];
}
