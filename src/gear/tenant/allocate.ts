// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { gearError } from "../errors.ts";
import type { Name } from "../name.ts";
import { type Categories, levelOf, pairAt, pairCount } from "./categories.ts";
import type { UserRange } from "./model.ts";

/**
 * The categories of a new tenant: where its name leads, or the next free ones after that. The same names added in the same
 * order get the same ones on every host.
 * @param taken levels of other tenants and of containers that somebody else has started
 */
export function allocateCategories(name: Name, taken: ReadonlySet<string>): Categories {
  const start = Number(createHash("sha256").update(name).digest().readBigUInt64BE() % BigInt(pairCount));
  for (let step = 0; step < pairCount; step++) {
    const pair = pairAt((start + step) % pairCount);
    if (!taken.has(levelOf(pair))) return pair;
  }
  throw gearError("tenants-full", `all ${pairCount} pairs of categories are taken`);
}

/** Each range is whole: 65536 users, as systemd's and podman's containers have. */
const rangeSize = 0x10000;
/** Above what useradd gives out (login.defs(5), SUB_UID_MAX 600100000), ... */
const rangesBegin = 0x24000000;
/** ... and within what is for containers (systemd's UIDS-GIDS, "524288...1879048191"). */
const rangesEnd = 0x6fff0000;

/** The lowest range that touches none of `taken`. */
export function allocateUsers(taken: readonly UserRange[]): UserRange {
  const sorted = taken.toSorted((one, other) => one.first - other.first);
  let begin = rangesBegin;
  for (const { first, count } of sorted) {
    if (first < begin + rangeSize && first + count > begin) begin = Math.ceil((first + count) / rangeSize) * rangeSize;
  }
  if (begin + rangeSize <= rangesEnd) return { first: begin, count: rangeSize };
  throw gearError("tenants-full", "all ranges of users for tenants are taken");
}
