// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { defineCommand } from "../../../command.ts";
import { changeSysroot, sysrootOption } from "./shared.ts";

export default defineCommand({
  path: ["ostree", "admin", "boot-complete"],
  hidden: true,
  summary: "Internal command to run at boot after an update was applied",
  options: [sysrootOption],
  async run(invocation) {
    if (!existsSync("/run/ostree-booted")) return;
    const { completeBoot } = await import("../../../../host/index.ts");
    await changeSysroot(invocation, (sysroot) => completeBoot(sysroot));
  },
});
