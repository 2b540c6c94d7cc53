// SPDX-License-Identifier: Apache-2.0
/** Commit -> files (ostree-repo-checkout.c): synchronous system calls, for a large tree in several threads. */
import { existsSync, mkdirSync } from "node:fs";
import { FileCheckout, type FileCheckoutOptions } from "./checkout-file.ts";
import { fileOptions, TreeCheckout } from "./checkout-tree.ts";
import { findInCommit } from "./find-path.ts";
import type { Repo } from "./repo.ts";
import { UncompressedCache } from "./uncompressed-cache.ts";

export interface CheckoutOptions extends FileCheckoutOptions {
  /** Only this file or directory of the commit. */
  readonly subpath?: string;
  /** Whether to check out what is at `path`; default all. */
  filter?(path: string): boolean;
  /** Directories get no bits beyond 0775 (`-M`): nothing setuid, sticky or writable for all. */
  readonly bareUserOnlyDirs?: boolean;
  /** Worker threads for large trees, beside the calling one; 0 for none. Default: one per further core. */
  readonly workers?: number;
}

/** Checks out a commit (or a part of it) to `destination`, whose parent must exist. */
export async function checkout(
  repo: Repo,
  rev: string,
  destination: string,
  options: CheckoutOptions = {},
): Promise<void> {
  const found = findInCommit(repo, repo.resolve(rev), options.subpath ?? "/");
  // Nothing else makes sense of objects without owners (canonicalize_options).
  const effective = repo.mode === "bare-user-only" ? { ...options, user: true } : options;
  const start = Date.now();
  if (found.type === "dir") {
    await new TreeCheckout(repo, effective).write(found.tree, found.meta, destination);
  } else {
    // A lone file is put into the directory `destination` (checkout_tree_at).
    if (!existsSync(destination)) mkdirSync(destination, 0o700);
    await new FileCheckout(repo, fileOptions(effective)).write(found.checksum, destination, found.name, "");
  }
  if (effective.cache) UncompressedCache.of(repo)?.collect(start);
}
