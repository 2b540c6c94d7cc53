// SPDX-License-Identifier: Apache-2.0
import { packageError } from "../errors.ts";
import type { Repomd } from "./model.ts";

export type Dated = Pick<Repomd, "revision" | "timestamp">;

/** A clock that is wrong by this many seconds does no harm. */
const tolerance = 86_400;

/**
 * Refuses a repomd.xml that is older than the last one (`packages-set-back`): the signature of an old one is as good as
 * ever, so that whoever answers for a mirror could keep a machine at packages with known holes (yum: "Not using downloaded
 * repomd.xml because it is older than what we have"; apt keeps its Release file likewise).
 * @param former what was seen before; one from the future does not count, or who sent it once could shut the repository
 */
export function requireNotOlder(
  current: Dated,
  former: Dated | undefined,
  where: { readonly url: string; readonly directory: string; readonly now: number },
): void {
  if (former === undefined || former.timestamp > where.now + tolerance || !isOlder(current, former)) return;
  throw packageError(
    "set-back",
    `${where.url} is older than what was seen before: ${describe(current)}, and ${describe(former)} was there`,
    { hint: `another mirror may be newer; if the repository was set back on purpose: rm -r ${where.directory}` },
  );
}

/** By the newest of the files; where these are of one time, or do not tell it, by revisions that are numbers. */
function isOlder(one: Dated, other: Dated): boolean {
  const told = one.timestamp > 0 && other.timestamp > 0;
  if (told && one.timestamp !== other.timestamp) return one.timestamp < other.timestamp;
  const number = /^\d{1,15}$/;
  return number.test(one.revision) && number.test(other.revision) && Number(one.revision) < Number(other.revision);
}

function describe({ revision, timestamp }: Dated): string {
  const day = timestamp === 0 ? "" : ` of ${new Date(timestamp * 1000).toISOString().replace(".000Z", "Z")}`;
  return `revision ${JSON.stringify(revision.slice(0, 40))}${day}`;
}
