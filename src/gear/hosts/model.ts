// SPDX-License-Identifier: Apache-2.0
import type { ChangeReport } from "../generation/deploy.ts";
import type { Name } from "../name.ts";

/** What a change on several hosts came to. */
export interface HostsReport {
  readonly application: Name;
  readonly kind: "deploy" | "rollback";
  /** Its id, which each host has in its history. */
  readonly transaction: string;
  /** `failed`: not all hosts are as they should be. */
  readonly outcome: "done" | "unchanged" | "taken-back" | "failed";
  readonly reason: string | undefined;
  /** By the signal that was given. */
  readonly interrupted: boolean;
  readonly hosts: readonly HostReport[];
}

export interface HostReport {
  readonly host: string;
  /** Undefined: it has nothing of it, or did not say. */
  readonly report: ChangeReport | undefined;
  /** Why it is not known how it is. */
  readonly lost: string | undefined;
}
