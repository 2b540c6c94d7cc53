// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { renderTenantCheck } from "../../../render/gear-tenant.ts";
import { openTenants, tenantName } from "./shared.ts";
import { rootOption } from "../root-option.ts";

export default defineCommand({
  path: ["gear", "tenant", "show"],
  summary: "Show a tenant, and what of it others could reach",
  description:
    "Reads the labels of all files of its volumes and of the processes in its containers. Exits with 1 when one has not the tenant's level; `atomic gear tenant label NAME` mends files.",
  examples: [{ command: "atomic gear tenant show acme", text: "Is everything where it belongs?" }],
  arguments: [{ name: "NAME" }],
  options: [rootOption],
  json: true,
  async run(invocation) {
    const { checkTenant, isSelinuxEnabled, tenantSliceUnit } = await import("../../../../gear/index.ts");
    const store = await openTenants(invocation);
    const tenant = store.tenant(await tenantName(invocation));
    return {
      ...checkTenant(store, tenant, isSelinuxEnabled()),
      slice: tenantSliceUnit(tenant.name),
      paths: store.volumePaths(tenant),
    };
  },
  render: renderTenantCheck,
  exitCode: ({ fileCount, processes }) => (fileCount + processes.length > 0 ? 1 : 0),
});
