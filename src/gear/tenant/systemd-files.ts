// SPDX-License-Identifier: Apache-2.0
/** What systemd is told of a tenant: its slice's limits and its journal's. */
import { dirname, join } from "node:path";
import { makeDirectories, readTextIfExists, removeIfExists, writeFileAtomic } from "../../base/index.ts";
import { renderTenantSlice } from "../unit/index.ts";
import { journalFile, journalSettings } from "./journal.ts";
import type { Tenant } from "./model.ts";
import type { TenantStore } from "./store.ts";

/** Writes what differs; returns the paths, for which the service manager has to reload. */
export function writeSystemdFiles({ root }: TenantStore, tenant: Tenant): string[] {
  const files = systemdFiles(tenant).map(({ path, content }) => ({ path: join(root, path), content }));
  const changed = files.filter(({ path, content }) => readTextIfExists(path) !== content);
  for (const { path, content } of changed) {
    makeDirectories(dirname(path));
    writeFileAtomic(path, content);
  }
  return changed.map(({ path }) => path);
}

export function removeSystemdFiles({ root }: TenantStore, tenant: Tenant): void {
  for (const { path } of systemdFiles(tenant)) removeIfExists(join(root, path));
}

function systemdFiles(tenant: Tenant): { readonly path: string; readonly content: string }[] {
  const slice = renderTenantSlice(tenant.name, tenant.resources);
  return [
    { path: `etc/systemd/system/${slice.name}`, content: slice.text },
    { path: `etc/systemd/${journalFile(tenant.name)}`, content: journalSettings(tenant) },
  ];
}
