// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { argument } from "../open-repo.ts";
import { changeSysroot, firstDeployment, indexedDeployment, sysrootOption } from "./shared.ts";

export default defineCommand({
  path: ["ostree", "admin", "set-default"],
  summary: "Make deployment INDEX the default",
  arguments: [{ name: "INDEX", optional: true }],
  options: [sysrootOption],
  async run(invocation) {
    const text = argument(invocation, 0, "INDEX must be specified");
    const { makeDefault, pruneRepository } = await import("../../../../host/index.ts");
    await changeSysroot(invocation, (sysroot) => {
      // As atoi(3) reads it.
      const index = Number.parseInt(text, 10);
      makeDefault(sysroot, indexedDeployment(sysroot, Number.isNaN(index) ? 0 : index), firstDeployment(sysroot));
      pruneRepository(sysroot.repo, invocation.progress);
    });
  },
});
