// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { noReloadOption, openTenants, reloadUnits, tenantName } from "./shared.ts";
import { rootOption } from "../root-option.ts";

export default defineCommand({
  path: ["gear", "tenant", "delete"],
  summary: "Delete a tenant that runs nothing",
  description:
    "Its volumes stay, and while they do its level and users are kept from others: a tenant that is added by the same name has them again. With --volumes, those that Atomic made for it are removed.",
  examples: [{ command: "atomic gear tenant delete acme --volumes", text: "With its data:" }],
  arguments: [{ name: "NAME" }],
  options: [{ name: "volumes", help: "Remove its volumes and what is in them" }, noReloadOption, rootOption],
  json: true,
  async run(invocation) {
    const { deleteTenant } = await import("../../../../gear/index.ts");
    const [store, name] = [await openTenants(invocation), await tenantName(invocation)];
    const deleted = deleteTenant(store, name, { volumes: invocation.flag("volumes") });
    await reloadUnits(invocation, name);
    return deleted;
  },
  render({ name, left }) {
    if (left.length === 0) return `Tenant ${name} was deleted.`;
    const lines = left.map(({ path, files }) => `  ${path}: ${files} files`);
    return [`Tenant ${name} was deleted. Its level and users stay its own while it has files:`, ...lines].join("\n");
  },
});
