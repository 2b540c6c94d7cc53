// SPDX-License-Identifier: Apache-2.0
import { type Commit, type Checksum } from "./model.ts";
import { readSizes } from "./object-sizes.ts";
import type { Pull } from "./pull-context.ts";
import type { Plans } from "./pull-deltas.ts";
import type { PullCost } from "./pull-options.ts";
import { type Store, storeHas } from "./store-content.ts";

/**
 * What objects and deltas of the wanted commits are to come, whose commit objects must be here already; `undefined` when
 * a commit does not tell.
 */
export function pullCost({ repo, source, resolved, transaction }: Pull, plans: Plans): PullCost | undefined {
  const isLocal = source.objects.type === "local";
  const counted = new Set<Checksum>();
  const total = { bytes: 0, unpacked: 0 };
  for (const { commit } of resolved.commits) {
    const plan = plans.get(commit);
    if (plan === "unchanged" || (repo.has(commit, "commit") && !repo.isPartial(commit))) continue;
    const objects = repo.has(commit, "commit")
      ? missingSizes(transaction.store, repo.loadCommit(commit), commit, counted)
      : undefined;
    const bytes = plan ? plan.partBytes - plan.present.bytes : objects?.bytes;
    const unpacked = objects?.unpacked ?? plan?.uncompressedBytes;
    if (bytes === undefined || unpacked === undefined) return undefined;
    total.bytes += isLocal ? 0 : bytes;
    total.unpacked += unpacked;
  }
  return total;
}

/**
 * Bytes that the objects of a commit take which are not here: all in an archive, and the files unpacked. `undefined` when the commit
 * does not tell.
 * @param counted objects that another commit has as well
 */
export function missingSizes(store: Store, commit: Commit, what: string, counted: Set<Checksum>): PullCost | undefined {
  const sizes = readSizes(commit, what);
  if (!sizes) return undefined;
  let [bytes, unpacked] = [0n, 0n];
  for (const size of sizes) {
    if (size.type === undefined) return undefined;
    if (counted.has(size.checksum) || storeHas(store, size.checksum, size.type)) continue;
    counted.add(size.checksum);
    bytes += size.archived;
    if (size.type === "file") unpacked += size.unpacked;
  }
  const most = BigInt(Number.MAX_SAFE_INTEGER);
  return bytes > most || unpacked > most ? undefined : { bytes: Number(bytes), unpacked: Number(unpacked) };
}
