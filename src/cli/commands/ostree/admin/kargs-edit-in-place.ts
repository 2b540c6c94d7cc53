// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { changeSysroot, firstDeployment, sysrootOption } from "./shared.ts";

export default defineCommand({
  path: ["ostree", "admin", "kargs", "edit-in-place"],
  hidden: true,
  summary: "Set new kernel command line arguments in place (applies to all deployments by default)",
  arguments: [{ name: "ARGS", optional: true, repeat: true }],
  options: [
    sysrootOption,
    {
      name: "append-if-missing",
      value: "NAME=VALUE",
      repeat: true,
      help: "Append kernel arguments if they do not exist",
    },
  ],
  async run(invocation) {
    const { appendKernelArgIfMissing, editKernelArgs } = await import("../../../../host/index.ts");
    const added = invocation.values("append-if-missing");
    await changeSysroot(invocation, (sysroot) => {
      firstDeployment(sysroot);
      editKernelArgs(sysroot, (args) => added.reduce(appendKernelArgIfMissing, args));
    });
  },
});
