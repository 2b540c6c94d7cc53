// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { argument } from "../open-repo.ts";
import { changeSysroot, indexedDeployment, parseIndex, sysrootOption } from "./shared.ts";

export default defineCommand({
  path: ["ostree", "admin", "undeploy"],
  summary: "Delete deployment INDEX",
  arguments: [{ name: "INDEX", optional: true }],
  options: [sysrootOption],
  async run(invocation) {
    const { deploymentId, undeploy } = await import("../../../../host/index.ts");
    return changeSysroot(invocation, (sysroot) => {
      const index = parseIndex(argument(invocation, 0, "INDEX must be specified"));
      const deployment = indexedDeployment(sysroot, index);
      if (deployment.booted) throw cliError("usage", `Cannot undeploy currently booted deployment ${index}`);
      undeploy(sysroot, deployment, invocation.progress);
      return deploymentId(deployment);
    });
  },
  render: (id) => `Deleted deployment ${id}`,
});
