// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { changeSysroot, sysrootOption } from "./shared.ts";

export default defineCommand({
  path: ["ostree", "admin", "cleanup"],
  summary: "Delete untagged deployments and repository objects",
  options: [sysrootOption],
  async run(invocation) {
    const { cleanSysroot, pruneRepository } = await import("../../../../host/index.ts");
    await changeSysroot(invocation, (sysroot) => {
      cleanSysroot(sysroot);
      pruneRepository(sysroot.repo, invocation.progress);
    });
  },
});
