// SPDX-License-Identifier: Apache-2.0
import type { Checksum, Repo, TransactionStats } from "../ostree/index.ts";
import type { PackageId, PackageLocks } from "../packages/index.ts";
import type { Treefile } from "./treefile/model.ts";

export interface ComposeOptions {
  readonly treefile: Treefile;
  readonly repo: Repo;
  /** Repository indices, packages, imported packages and the workspace; made when missing. */
  readonly cacheDir: string;
  /** Compose even if nothing changed. */
  readonly force?: boolean;
  /** Stop when all packages are imported, or are there as they came. */
  readonly downloadOnly?: "imported" | "packages";
  /** Stop when the packages are chosen. */
  readonly dryRun?: boolean;
  /** Versions that packages are held at. */
  readonly locks?: PackageLocks;
  /** File to write the chosen packages to, as a lockfile. */
  readonly writeLockfile?: string;
  /** Use what the cache has; no network. */
  readonly offline?: boolean;
  /** Parent of the commit, or none; default: what the ref is at. */
  readonly parent?: Checksum | "none";
  /** What to compare the input with; default: what the ref is at. */
  readonly previous?: Checksum;
  /** What to compare the input hash with instead of `previous`'s. */
  readonly previousInputHash?: string;
  /** The last version, which an automatic one counts on from; default: `previous`'s. */
  readonly previousVersion?: string;
  /** A root whose repositories, variables and release number are used instead of the ones beside the treefile. */
  readonly sourceRoot?: string;
  /** Where the secret key of `gpg-key` is; default: gpg's own place. */
  readonly gpgHome?: string;
  /** Where the refs of layers are; default: `repo`. */
  readonly layerRepo?: Repo;
  readonly version?: string;
  readonly metadata?: ReadonlyMap<string, unknown>;
  /** The self-contained `atomic` program for /usr/bin/atomic. */
  readonly executable?: string;
  /** Seconds since 1970; default: the newest Release file's date. */
  readonly timestamp?: number;
  /** Whether the ref moves to the new commit; default true. */
  readonly setRef?: boolean;
  /** Seconds that a script may take; default: an hour. */
  readonly scriptTimeout?: number;
  /** Leave the workspace for inspection. */
  readonly keepWorkspace?: boolean;
}

export interface ComposeResult {
  readonly ref?: string;
  /** Absent when nothing was committed (dry run, download only). */
  readonly commit?: Checksum;
  /** What was written; absent with the commit and where nothing changed. */
  readonly stats?: TransactionStats;
  readonly version?: string;
  /** False when the input is that of the previous commit, which `commit` then is. */
  readonly changed: boolean;
  readonly packages: readonly PackageId[];
  readonly inputHash: string;
}
