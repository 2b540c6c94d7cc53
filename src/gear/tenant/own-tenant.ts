// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { Name } from "../name.ts";
import { addTenant, type TakenByOthers } from "./add.ts";
import { deleteTenant } from "./delete.ts";
import type { TenantStore } from "./store.ts";

export interface OwnTenant<T> {
  readonly store: TenantStore;
  readonly name: Name;
  readonly around: TakenByOthers;
  /** Has the service manager read its files anew. */
  readonly reload: () => Promise<void>;
  readonly work: () => Promise<T>;
  readonly isDone: (result: T) => boolean;
}

/**
 * Does something that needs a tenant of that name. One that was made for it goes again when that fails or does not come through; one
 * of which something runs then stays.
 */
export async function withOwnTenant<T>({ store, name, around, reload, work, isDone }: OwnTenant<T>): Promise<T> {
  const isNew = !store.tenants().some((one) => one.name === name && !one.retired);
  if (addTenant(store, name, {}, around).written.length > 0) await reload();
  let isWell = false;
  try {
    const result = await work();
    isWell = isDone(result);
    return result;
  } finally {
    if (isNew && !isWell) await takeBack(store, name, reload);
  }
}

async function takeBack(store: TenantStore, name: Name, reload: () => Promise<void>): Promise<void> {
  try {
    deleteTenant(store, name, { volumes: false });
  } catch (error) {
    if (gearError.is(error, "tenant-busy")) return;
    throw error;
  }
  await reload();
}
