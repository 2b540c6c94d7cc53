// SPDX-License-Identifier: Apache-2.0
import { ostreeError } from "./errors.ts";
import type { Checksum } from "./model.ts";
import type { Repo } from "./repo.ts";

/** An entry of a commit's tree. `name` is its last path component, `/` for the root. */
export type FoundEntry =
  | { readonly type: "dir"; readonly name: string; readonly tree: Checksum; readonly meta: Checksum }
  | { readonly type: "file"; readonly name: string; readonly checksum: Checksum };

/**
 * What is at `path` (`/usr/bin/sh`) in a commit; links are not followed. Throws `ostree-no-such-path`, and
 * `ostree-not-a-directory` for a path that goes on below a file.
 */
export function findInCommit(repo: Repo, commit: Checksum, path: string): FoundEntry {
  const found = walk(repo, commit, path);
  if (found === "missing") throw ostreeError("no-such-path", `No such file or directory: ${path}`);
  if (found === "below-file") throw ostreeError("not-a-directory", `Not a directory: ${path}`);
  return found;
}

export function tryFindInCommit(repo: Repo, commit: Checksum, path: string): FoundEntry | undefined {
  const found = walk(repo, commit, path);
  return typeof found === "string" ? undefined : found;
}

function walk(repo: Repo, commit: Checksum, path: string): FoundEntry | "missing" | "below-file" {
  const { tree, meta } = repo.loadCommit(commit);
  let at: FoundEntry = { type: "dir", name: "/", tree, meta };
  for (const name of path.split("/").filter((part) => part !== "" && part !== ".")) {
    if (at.type === "file") return "below-file";
    const next = entryOf(repo, at.tree, name);
    if (!next) return "missing";
    at = next;
  }
  return at;
}

function entryOf(repo: Repo, tree: Checksum, name: string): FoundEntry | undefined {
  const { files, dirs } = repo.loadDirTree(tree);
  const file = files.find((entry) => entry.name === name);
  if (file) return { type: "file", ...file };
  const dir = dirs.find((entry) => entry.name === name);
  return dir && { type: "dir", ...dir };
}
