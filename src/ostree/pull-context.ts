// SPDX-License-Identifier: Apache-2.0
import type { PullOptions } from "./pull-options.ts";
import type { PullProgress } from "./pull-progress.ts";
import type { RemoteFacts } from "./pull-refs.ts";
import type { PullSource } from "./pull-source.ts";
import type { Remote } from "./remotes.ts";
import type { Repo } from "./repo.ts";
import type { ResolvedRefs } from "./resolved-refs.ts";
import type { Trust } from "./sign/trust.ts";
import type { Transaction } from "./transaction.ts";

/** What the steps of one pull share. */
export interface Pull {
  readonly repo: Repo;
  readonly source: PullSource;
  readonly remote: Remote | undefined;
  readonly options: PullOptions;
  readonly resolved: ResolvedRefs & RemoteFacts;
  /** What commits and the summary must be signed by. */
  readonly trust: { readonly commits: Trust; readonly summary: Trust };
  readonly transaction: Transaction;
  readonly progress: PullProgress;
}

/** Where a ref of the remote is kept. */
export function refspecOf(ref: string, { mirror, remote }: PullOptions): string {
  return mirror || remote === undefined ? ref : `${remote}:${ref}`;
}
