// SPDX-License-Identifier: Apache-2.0
import { fileLabel } from "./label.ts";
import { checkTree, type WrongLabel } from "./label-tree.ts";
import type { Tenant } from "./model.ts";
import { strayProcesses, type TenantProcess } from "./processes.ts";
import type { TenantStore } from "./store.ts";

export interface TenantCheck {
  readonly tenant: Tenant;
  /** Files with another label: the first 1000, and how many there are. */
  readonly files: readonly WrongLabel[];
  readonly fileCount: number;
  /** Processes in its containers without its level; empty also where the kernel has no SELinux. */
  readonly processes: readonly TenantProcess[];
}

/** What of a tenant's files and processes is not where its categories keep others out. */
export function checkTenant(store: TenantStore, tenant: Tenant, selinux: boolean): TenantCheck {
  const label = fileLabel(tenant.categories);
  const trees = store.volumePaths(tenant).map((path) => checkTree(path, label));
  return {
    tenant,
    files: trees.flatMap(({ wrong }) => wrong),
    fileCount: trees.reduce((sum, { count }) => sum + count, 0),
    processes: selinux ? strayProcesses(store.root, tenant) : [],
  };
}
