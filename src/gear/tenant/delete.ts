// SPDX-License-Identifier: Apache-2.0
import { dirname } from "node:path";
import { removeTree } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import { removeSeal } from "../journal/seal.ts";
import type { Name } from "../name.ts";
import { levelOf } from "./categories.ts";
import { countOwned } from "./owned-files.ts";
import { tenantProcesses } from "./processes.ts";
import { removeSystemdFiles } from "./systemd-files.ts";
import type { TenantStore } from "./store.ts";

export interface DeletedTenant {
  readonly name: Name;
  /** Files that still have its label or its users, by the directory where they are. */
  readonly left: readonly { readonly path: string; readonly files: number }[];
}

export interface DeleteOptions {
  /** Removes the volumes below the tenant's own directory, with what is in them. */
  readonly volumes: boolean;
}

/**
 * Deletes a tenant. While files are left that its containers could read, its categories and users are kept from everybody
 * else; deleting it again when they are gone gives them back. Throws `gear-tenant-busy` while processes of it run.
 */
export function deleteTenant(store: TenantStore, name: Name, { volumes }: DeleteOptions): DeletedTenant {
  using _lock = store.lock();
  const tenant = store.tenants().find((one) => one.name === name);
  if (tenant === undefined)
    throw gearError("no-tenant", `${name} is no tenant of this host`, { hint: "atomic gear tenant list" });
  const running = tenantProcesses(store.root, tenant);
  if (running.length > 0)
    throw gearError("tenant-busy", `${running.length} processes of ${name} run (${running[0]!.pid} is the first)`, {
      hint: `atomic gear delete its applications first`,
    });
  if (volumes) removeTree(dirname(store.volumes(name)));
  const left = store.volumePaths(tenant).flatMap((path) => {
    const files = countOwned(path, levelOf(tenant.categories), tenant.users);
    return files === 0 ? [] : [{ path, files }];
  });
  store.replace(name, left.length === 0 ? undefined : { ...tenant, retired: true });
  removeSystemdFiles(store, tenant);
  removeSeal(name, store.root);
  return { name, left };
}
