// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";

export default defineCommand({
  path: ["host", "init"],
  summary: "Make a directory a system root that commits can be deployed into",
  description:
    "Makes PATH/boot, PATH/ostree with an empty repository in bare mode, and the stateroot NAME with its own /var. What is there already stays.",
  examples: [{ command: "atomic host init --sysroot /mnt debian", text: "On a mounted, empty root file system:" }],
  arguments: [{ name: "NAME" }],
  options: [{ name: "sysroot", value: "PATH", help: "The directory, which must exist (required)" }],
  async run(invocation) {
    const { hostError, initSysroot } = await import("../../../host/index.ts");
    const path = invocation.value("sysroot");
    const [stateroot] = invocation.args;
    if (path === undefined || stateroot === undefined) throw hostError("not-a-sysroot", "say where: --sysroot PATH");
    initSysroot(path, { stateroot });
    return { path, stateroot };
  },
  render: ({ path, stateroot }) =>
    `${path} is a system root with the stateroot ${stateroot}.\n` +
    `  Next:  atomic ostree pull-local --repo ${path}/ostree/repo REPO REF\n` +
    `         atomic host deploy --sysroot ${path} --stateroot ${stateroot} --karg root=LABEL=root REF`,
});
