// SPDX-License-Identifier: Apache-2.0
import type { ContainerPolicy } from "../../../gear/index.ts";
import { defineCommand } from "../../command.ts";

export interface PolicyReport {
  readonly policies: readonly ContainerPolicy[];
  /** Modules that were loaded; undefined when that was not asked for. */
  readonly loaded: readonly string[] | undefined;
}

export default defineCommand({
  path: ["gear", "policy"],
  summary: "Make SELinux policies from what containers declare",
  description:
    "For the containers of FILE whose security has `selinux-type: generated`: a type of their own that has the capabilities, ports, mounts and devices that they declare, and nothing else that container_t has. Ports and mounts are looked up on this host. Prints them in CIL; --install loads those that changed.",
  examples: [
    { command: "atomic gear policy shop.yaml", text: "What would they be allowed?" },
    { command: "atomic gear policy shop.yaml --install", text: "Load them:" },
  ],
  arguments: [{ name: "FILE" }],
  options: [{ name: "install", short: "i", help: "Load them into the kernel's policy" }],
  json: true,
  async run(invocation): Promise<PolicyReport> {
    const { hostPolicies, installPolicies, readApplication } = await import("../../../gear/index.ts");
    const policies = await hostPolicies(readApplication(invocation.args[0]!));
    return { policies, loaded: invocation.flag("install") ? await installPolicies(policies) : undefined };
  },
  render({ policies, loaded }) {
    if (policies.length === 0) return "No container asks for a policy of its own (selinux-type: generated).";
    if (loaded === undefined)
      return policies.map(({ container, cil }) => `; ${container}\n${cil.trimEnd()}`).join("\n\n");
    const state = (module: string) => (loaded.includes(module) ? "loaded" : "was loaded already");
    return policies.map(({ container, module }) => `${container}: ${module} ${state(module)}`).join("\n");
  },
});
