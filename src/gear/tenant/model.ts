// SPDX-License-Identifier: Apache-2.0
import type { Resources } from "../model.ts";
import type { Name } from "../name.ts";
import type { Categories } from "./categories.ts";

/** Who shares a host with others: what its containers may use is its own. */
export interface Tenant {
  readonly name: Name;
  /** Of its processes and files; no other tenant's are these two. */
  readonly categories: Categories;
  /** Users and groups of the host that those of its containers stand for. */
  readonly users: UserRange;
  readonly resources: Resources;
  readonly journal: JournalLimits;
  /** Directories that are its own, absolute: volumes below its directory, and others that were labelled for it. */
  readonly volumes: readonly string[];
  /** It was deleted while files with its label were left: nobody else gets its categories and users. */
  readonly retired: boolean;
}

/** As a line of subuid(5). */
export interface UserRange {
  readonly first: number;
  readonly count: number;
}

/** Of its journal namespace (journald.conf(5)); undefined is journald's default. */
export interface JournalLimits {
  /** Bytes on the disk. */
  readonly maxUse: number | undefined;
  /** Messages of one service in 30 seconds. */
  readonly rateLimit: number | undefined;
}
