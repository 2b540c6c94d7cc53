// SPDX-License-Identifier: Apache-2.0
import type { ProgressListener } from "../../base/index.ts";
import type { PackageLocks } from "../../packages/index.ts";
import { resolvePackages } from "../resolve.ts";
import { resolveRpmTreefile, rpmLockfile } from "../rpm/resolve.ts";
import type { Treefile } from "../treefile/model.ts";
import { lockfileOf } from "./resolution.ts";

export interface LockOptions {
  readonly cacheDir: string;
  readonly offline?: boolean;
  readonly locks?: PackageLocks;
  /** Seconds since 1970; its day is written. */
  readonly now: number;
}

/** The lockfile of the packages that a treefile comes to. */
export async function lockTreefile(
  treefile: Treefile,
  options: LockOptions,
  progress: ProgressListener,
): Promise<string> {
  return treefile.format === "rpm"
    ? rpmLockfile(await resolveRpmTreefile(treefile, options, progress), options.now)
    : lockfileOf(await resolvePackages(treefile, options, progress), options.now);
}
