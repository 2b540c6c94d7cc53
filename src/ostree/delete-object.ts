// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { removeIfExists, writeFileAtomic } from "../base/index.ts";
import { writeGVariant } from "../formats/index.ts";
import type { Checksum, ObjectType } from "./model.ts";
import type { Repo } from "./repo.ts";
import { deleteXattrsLink } from "./split-xattrs.ts";

/**
 * Deletes an object; with a commit goes its detached metadata, and a tombstone takes its place where the repository
 * keeps them (ostree_repo_delete_object).
 */
export function deleteObject(repo: Repo, checksum: Checksum, type: ObjectType): void {
  if (type === "commit") removeIfExists(repo.objectPath(checksum, "commitmeta"));
  if (type === "file") deleteXattrsLink(repo, checksum);
  unlinkSync(repo.objectPath(checksum, type));
  if (type === "commit" && keepsTombstones(repo)) writeTombstone(repo, checksum);
}

export function keepsTombstones(repo: Repo): boolean {
  return repo.config.getBoolean("core", "tombstone-commits") ?? false;
}

/** From now on deleted commits leave a tombstone, so that clients can tell deletion from damage. */
export function enableTombstones(repo: Repo): void {
  if (keepsTombstones(repo)) return;
  repo.config.set("core", "tombstone-commits", true);
  repo.saveConfig();
}

function writeTombstone(repo: Repo, commit: Checksum): void {
  // The checksum is kept as a byte string with its NUL.
  const value = new Map([["commit", { type: "ay", value: Buffer.from(`${commit}\0`) }]]);
  const path = repo.objectPath(commit, "tombstone-commit");
  mkdirSync(dirname(path), { recursive: true });
  writeFileAtomic(path, writeGVariant("a{sv}", value), { durable: repo.settings.fsync });
}

/** Marks a commit as here without all of its objects, so that a pull looks at its tree again. */
export function markPartial(repo: Repo, commit: Checksum, reason: "pull" | "fsck" = "pull"): void {
  const path = repo.partialPath(commit);
  mkdirSync(dirname(path), { recursive: true });
  // ostree_repo_mark_commit_partial_reason: the file is empty, or holds an "f" when fsck found the damage.
  // An empty file is made in one step; killed between two, a pull would leave a temporary name.
  if (reason === "fsck") writeFileAtomic(path, "f", { durable: false });
  else writeFileSync(path, "");
}

export function clearPartial(repo: Repo, commit: Checksum): void {
  removeIfExists(repo.partialPath(commit));
}
