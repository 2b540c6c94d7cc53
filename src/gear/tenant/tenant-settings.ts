// SPDX-License-Identifier: Apache-2.0
import type { TenantSettings } from "../unit/index.ts";
import { levelOf } from "./categories.ts";
import type { Tenant } from "./model.ts";

/** What a tenant's units are rendered with. */
export function tenantSettings({ name, categories, users, journal }: Tenant): TenantSettings {
  return { level: levelOf(categories), users, logNamespace: name, logRateLimit: journal.rateLimit };
}
