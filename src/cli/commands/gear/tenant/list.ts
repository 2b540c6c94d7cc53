// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { renderTenants } from "../../../render/gear-tenant.ts";
import { openTenants } from "./shared.ts";
import { rootOption } from "../root-option.ts";

export default defineCommand({
  path: ["gear", "tenant", "list"],
  summary: "List tenants with their SELinux levels and users",
  description:
    "A tenant that was deleted while it had files is listed until they are gone: what was its own is kept from others.",
  examples: [{ command: "atomic gear tenant list", text: "On a host:" }],
  options: [rootOption],
  json: true,
  run: async (invocation) => (await openTenants(invocation)).tenants(),
  render: renderTenants,
});
