// SPDX-License-Identifier: Apache-2.0
/** The deltas that a repository keeps: which there are, the indexes by which clients find them, removal. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeDirectories, readIfExists, removeIfExists, removeTree, writeFileAtomic } from "../../base/index.ts";
import {
  deltaDigests,
  deltaIndexPath,
  type DeltaEnds,
  type DeltaName,
  deltaPath,
  listDeltaIndexes,
  listDeltas,
  parseDeltaName,
} from "../delta-names.ts";
import { ostreeError } from "../errors.ts";
import type { Checksum } from "../model.ts";
import type { Repo } from "../repo.ts";
import { encodeDeltaIndex } from "./format.ts";

export function hasDelta(repo: Repo, ends: DeltaEnds): boolean {
  return existsSync(join(repo.path, deltaPath(ends, "superblock")));
}

/** _ostree_repo_static_delta_delete. @param name `FROM-TO` or `TO` */
export function deleteDelta(repo: Repo, name: string): void {
  const path = join(repo.path, deltaPath(parseDeltaName(name)));
  if (!existsSync(path)) throw ostreeError("no-such-delta", `Can't find delta ${name}`);
  removeTree(path);
}

/**
 * Writes an index of the deltas to each commit that has any, and removes the others (ostree_repo_static_delta_reindex).
 * From then on the repository says that it has indexes: clients ask for them instead of searching the summary.
 * @param only the commit whose index is to be written; default: all
 */
export function reindexDeltas(repo: Repo, only?: Checksum): void {
  using _ = repo.lock("shared");
  if (repo.config.getBoolean("core", "indexed-deltas") !== true) {
    repo.config.set("core", "indexed-deltas", "true");
    repo.saveConfig();
  }
  const byTarget = Map.groupBy(listDeltas(repo), ({ to }) => to);
  const targets = only === undefined ? new Set([...byTarget.keys(), ...listDeltaIndexes(repo)]) : [only];
  for (const to of targets) writeIndex(repo, to, byTarget.get(to) ?? []);
}

function writeIndex(repo: Repo, to: Checksum, deltas: readonly DeltaName[]): void {
  const path = join(repo.path, deltaIndexPath(to));
  if (deltas.length === 0) {
    removeIfExists(path);
    return;
  }
  const bytes = encodeDeltaIndex(deltaDigests(deltas));
  // Most indexes never change: a write and a flush for each at every update of the summary would be for nothing.
  if (readIfExists(path)?.equals(bytes)) return;
  makeDirectories(dirname(path));
  writeFileAtomic(path, bytes, { durable: repo.settings.fsync });
}
