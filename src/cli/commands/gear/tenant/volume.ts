// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { openTenants, tenantName } from "./shared.ts";
import { rootOption } from "../root-option.ts";

export default defineCommand({
  path: ["gear", "tenant", "volume"],
  summary: "Make a volume of a tenant outside of container engines",
  description:
    "A directory with the tenant's label, owned by root of its containers. Prints its path, for `path` of a volume in a gear file. One that is there is left as it is, but for a missing label.",
  examples: [{ command: "atomic gear tenant volume acme data", text: "Data that no `podman volume prune` removes:" }],
  arguments: [{ name: "NAME" }, { name: "VOLUME" }],
  options: [rootOption],
  json: true,
  async run(invocation) {
    const { createVolume, parseName } = await import("../../../../gear/index.ts");
    const [store, name] = [await openTenants(invocation), await tenantName(invocation)];
    return { path: createVolume(store, name, parseName(invocation.args[1]!, "a volume")) };
  },
  render: ({ path }) => path,
});
