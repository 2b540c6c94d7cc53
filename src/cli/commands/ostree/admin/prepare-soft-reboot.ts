// SPDX-License-Identifier: Apache-2.0
import { run } from "../../../../base/index.ts";
import { defineCommand } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { argument } from "../open-repo.ts";
import { changeSysroot, indexedDeployment, parseIndex, sysrootOption } from "./shared.ts";

export default defineCommand({
  path: ["ostree", "admin", "prepare-soft-reboot"],
  summary: "Prepare deployment for soft-reboot",
  arguments: [{ name: "INDEX", optional: true }],
  options: [
    sysrootOption,
    { name: "reboot", help: "Initiate a soft reboot on success" },
    { name: "reset", help: "Undo queued soft reboot state" },
  ],
  async run(invocation) {
    const { prepareSoftReboot, resetSoftReboot } = await import("../../../../host/index.ts");
    await changeSysroot(invocation, async (sysroot) => {
      if (invocation.flag("reset")) return resetSoftReboot(sysroot);
      const index = parseIndex(argument(invocation, 0, "INDEX must be specified"));
      const target = indexedDeployment(sysroot, index);
      if (target.booted) throw cliError("usage", `Cannot prepare for soft-reboot currently booted deployment ${index}`);
      await prepareSoftReboot(sysroot, target);
    });
    if (invocation.flag("reboot") && !invocation.flag("reset")) await run("systemctl", ["soft-reboot"]);
  },
});
