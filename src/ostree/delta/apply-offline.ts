// SPDX-License-Identifier: Apache-2.0
import { writeGVariant } from "../../formats/index.ts";
import { ostreeError } from "../errors.ts";
import type { Checksum } from "../model.ts";
import type { Repo } from "../repo.ts";
import { IncomingStore } from "../store-fetched.ts";
import { Transaction } from "../transaction.ts";
import { PartPool } from "./apply-parts.ts";
import { partVersion } from "./part-format.ts";
import { detachedMetadata, hasAllObjects, openDelta, type OpenedDelta } from "./read-delta.ts";
import { type DeltaKeys, verifyOpenedDelta } from "./verify-delta.ts";

export interface ApplyOfflineOptions {
  /** Keys that a signed delta is checked by. */
  readonly keys?: DeltaKeys | undefined;
}

/**
 * Applies a delta that is on this machine: all of its commit is there afterwards, or nothing
 * (ostree_repo_static_delta_execute_offline_with_signature). No ref is set.
 * @param path of a directory with a superblock, or of a superblock file with the parts in it or beside it
 */
export async function applyDeltaOffline(
  repo: Repo,
  path: string,
  options: ApplyOfflineOptions = {},
): Promise<{ readonly to: Checksum }> {
  using delta = openDelta(path);
  checkSignature(repo, delta, options.keys);
  const { superblock } = delta;
  if (superblock.from !== undefined && !repo.has(superblock.from, "commit")) {
    const message = `Commit ${superblock.from}, which is the delta source, is not in repository`;
    throw ostreeError("no-such-object", message);
  }
  if (superblock.fallbacks.length > 0) {
    const message = "Cannot execute delta offline: contains nonempty http fallback entries";
    throw ostreeError("unsupported", message, { hint: "a delta made with --min-fallback-size=0 has all in it" });
  }
  using transaction = Transaction.begin(repo);
  writeCommit(transaction, delta);
  await applyParts(transaction, delta);
  transaction.commit();
  return { to: superblock.to };
}

/** A delta without signatures is taken as it is: its objects have checksums, its commit can be verified as any. */
function checkSignature(repo: Repo, delta: OpenedDelta, keys: DeltaKeys | undefined): void {
  if (!delta.signatures) return;
  if (keys) {
    verifyOpenedDelta(delta, keys);
  } else if (repo.config.getBoolean("core", "sign-verify-deltas")) {
    throw ostreeError("sign-verify", "Key is mandatory to check delta signature");
  }
}

function writeCommit(transaction: Transaction, { superblock }: OpenedDelta): void {
  const { to, commit } = superblock;
  if (transaction.has(to, "commit")) return;
  const incoming = new IncomingStore(transaction.store, `delta-${process.pid}-commit`);
  const detached = detachedMetadata(superblock);
  if (detached) incoming.detached(to, writeGVariant("a{sv}", detached));
  incoming.metadata("commit", to, commit);
}

async function applyParts(transaction: Transaction, delta: OpenedDelta): Promise<void> {
  const { parts, to } = delta.superblock;
  const tooNew = parts.find(({ version }) => version > partVersion);
  if (tooNew) throw ostreeError("unsupported", `Delta part has too new version ${tooNew.version}`);
  const missing = [...parts.entries()].filter(([, header]) => !hasAllObjects(header, transaction.store));
  await using pool = new PartPool(
    { store: transaction.store },
    missing.map(([, header]) => header),
  );
  await Promise.all(
    missing.map(([index, header]) => {
      const { source, inline } = delta.part(index);
      const { objects, usize, checksum } = header;
      return pool.apply({ index, bounds: { objects, usize, to }, source, ...(inline ? {} : { checksum }) });
    }),
  );
  transaction.countContent(pool.total.content, pool.total.written);
}
