// SPDX-License-Identifier: Apache-2.0
import { utimesSync } from "node:fs";
import { join } from "node:path";
import { readIfExists, removeIfExists, writeFileAtomic } from "../base/index.ts";
import { reindexDeltas } from "./delta/manage-deltas.ts";
import { ostreeError } from "./errors.ts";
import { makeSummary, type MakeSummaryOptions } from "./make-summary.ts";
import type { Repo } from "./repo.ts";
import { writeDetached } from "./sign/detached.ts";
import { signDetached, type Signer } from "./sign/signer.ts";
import { decodeSummary, encodeSummary, type Summary } from "./summary-format.ts";

export interface UpdateSummaryOptions extends MakeSummaryOptions {
  readonly signers?: readonly Signer[];
}

/** To be called when refs have changed (_ostree_repo_maybe_regenerate_summary). */
export async function updateSummaryIfAutomatic(repo: Repo): Promise<void> {
  const keys = ["auto-update-summary", "commit-update-summary"];
  if (keys.some((key) => repo.config.getBoolean("core", key))) await updateSummary(repo);
}

/**
 * Writes the file `summary` from the repository's refs (ostree_repo_regenerate_summary). An old signature is removed
 * with the old content. Equal refs and time give equal bytes.
 */
export async function updateSummary(repo: Repo, options: UpdateSummaryOptions = {}): Promise<void> {
  using _ = repo.lock("shared");
  reindexDeltas(repo);
  const durable = repo.settings.fsync;
  const bytes = encodeSummary(makeSummary(repo, options));
  const signatures = await sign(bytes, options);
  const path = join(repo.path, "summary");
  // In between a client must not find the new content with the old signature.
  removeIfExists(`${path}.sig`);
  writeFileAtomic(path, bytes, { durable });
  if (!signatures) return;
  writeFileAtomic(`${path}.sig`, signatures, { durable });
  // Caches of HTTP must not find one of the two out of date before the other.
  const now = Date.now() / 1000;
  for (const file of [path, `${path}.sig`]) utimesSync(file, now, now);
}

/** `summary.sig` holds the signatures of all kinds. */
async function sign(bytes: Buffer, { signers = [] }: UpdateSummaryOptions): Promise<Buffer | undefined> {
  return signers.length === 0 ? undefined : writeDetached(await signDetached(new Map(), bytes, signers));
}

/** The repository's own summary; throws when it has none. */
export function readSummary(repo: Repo): { summary: Summary; bytes: Buffer } {
  const path = join(repo.path, "summary");
  const bytes = readIfExists(path);
  if (!bytes) {
    throw ostreeError("remote", `${repo.path} has no summary`, { hint: "atomic ostree summary -u  writes one" });
  }
  return { summary: decodeSummary(bytes, path), bytes };
}
