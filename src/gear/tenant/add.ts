// SPDX-License-Identifier: Apache-2.0
import type { Resources } from "../model.ts";
import type { Name } from "../name.ts";
import { allocateCategories, allocateUsers } from "./allocate.ts";
import { levelOf } from "./categories.ts";
import type { JournalLimits, Tenant, UserRange } from "./model.ts";
import { writeSystemdFiles } from "./systemd-files.ts";
import type { TenantStore } from "./store.ts";

export interface TenantLimits {
  readonly resources: Resources;
  readonly journal: JournalLimits;
}

/** What others on the host have already. */
export interface TakenByOthers {
  readonly levels: ReadonlySet<string>;
  readonly users: readonly UserRange[];
}

export interface AddedTenant {
  readonly tenant: Tenant;
  /** Whether it was a tenant before; one that was deleted has what it had, if its files were left. */
  readonly existed: boolean;
  /** Files that were written for systemd. */
  readonly written: readonly string[];
}

/**
 * Makes a tenant, or changes the limits of one. What is allocated is recorded before anything uses it; a command that was
 * interrupted is run again.
 */
export function addTenant(
  store: TenantStore,
  name: Name,
  settings: Partial<TenantLimits>,
  around: TakenByOthers,
): AddedTenant {
  using _lock = store.lock();
  const tenants = store.tenants();
  const before = tenants.find((one) => one.name === name);
  const kept = before ?? allocate(name, tenants, around);
  const tenant: Tenant = {
    ...kept,
    resources: { ...kept.resources, ...given(settings.resources) },
    journal: { ...kept.journal, ...given(settings.journal) },
    retired: false,
  };
  store.replace(name, tenant);
  return { tenant, existed: before !== undefined, written: writeSystemdFiles(store, tenant) };
}

function allocate(name: Name, tenants: readonly Tenant[], { levels, users }: TakenByOthers): Tenant {
  const taken = new Set([...levels, ...tenants.map(({ categories }) => levelOf(categories))]);
  return {
    name,
    categories: allocateCategories(name, taken),
    users: allocateUsers([...users, ...tenants.map((one) => one.users)]),
    resources: { memory: undefined, cpus: undefined, cpuWeight: undefined, ioWeight: undefined, pids: undefined },
    journal: { maxUse: undefined, rateLimit: undefined },
    volumes: [],
    retired: false,
  };
}

/** Without what was not said, which stays as it was. */
function given<T extends object>(settings: T | undefined): Partial<T> {
  return Object.fromEntries(Object.entries(settings ?? {}).filter(([, value]) => value !== undefined)) as Partial<T>;
}
