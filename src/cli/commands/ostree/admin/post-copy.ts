// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { changeSysroot, sysrootOption } from "./shared.ts";

export default defineCommand({
  path: ["ostree", "admin", "post-copy"],
  summary: "Update the repo and deployments as needed after a copy",
  options: [sysrootOption],
  async run(invocation) {
    const { updateAfterCopy } = await import("../../../../host/index.ts");
    await changeSysroot(invocation, (sysroot) => updateAfterCopy(sysroot));
  },
});
