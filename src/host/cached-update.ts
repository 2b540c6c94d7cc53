// SPDX-License-Identifier: Apache-2.0
/** The newest version that is known without asking anybody: staged, or fetched by a check (rpm-ostree's CachedUpdate). */
import type { Checksum } from "../ostree/index.ts";
import { baseCommit, metadataString, tryLoadCommit } from "./commit-metadata.ts";
import { knownUpdates } from "./images.ts";
import { deploymentId } from "./model.ts";
import { advisoryRow, type AdvisoryRow, newAdvisories } from "./preview/advisories.ts";
import type { Sysroot } from "./sysroot.ts";

export interface CachedUpdate {
  readonly osname: string;
  readonly checksum: string;
  readonly version?: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly origin: string;
  readonly "ref-has-new-commit": true;
  /** Left out where there are none. */
  readonly advisories?: readonly AdvisoryRow[];
  /** When it is staged. */
  readonly deployment?: string;
  /** What runs. */
  readonly "update-sha256": string;
}

/** Null: none, or a branch that was left behind (`rpmostreed_update_generate_variant`). */
export function cachedUpdate({ booted, staged, deployments, repo }: Sysroot): CachedUpdate | null {
  const current = booted ?? deployments[0];
  const updates = knownUpdates(repo, current?.origin);
  if (current === undefined || updates === undefined) return null;
  const base = (of: Checksum) => baseCommit(repo, of);
  const checksum = staged === undefined ? updates.newest : base(staged.checksum);
  const commit = checksum === undefined ? undefined : tryLoadCommit(repo, checksum);
  if (checksum === undefined || commit === undefined || checksum === base(current.checksum)) return null;
  const advisories = newAdvisories(repo, current.checksum, checksum);
  const version = metadataString(commit, "version");
  return {
    osname: current.stateroot,
    checksum,
    ...(version === undefined ? {} : { version }),
    timestamp: Number(commit.timestamp),
    origin: updates.source,
    "ref-has-new-commit": true,
    ...(advisories.length === 0 ? {} : { advisories: advisories.map(advisoryRow) }),
    ...(staged === undefined ? {} : { deployment: `${staged.stateroot}-${deploymentId(staged)}` }),
    "update-sha256": current.checksum,
  };
}
