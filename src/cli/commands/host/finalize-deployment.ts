// SPDX-License-Identifier: Apache-2.0
import { run } from "../../../base/index.ts";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { hostOptions, openForChange } from "./shared.ts";

export default defineCommand({
  path: ["host", "finalize-deployment"],
  summary: "Let a staged version that was held back boot, and reboot into it",
  description:
    "Ends what --lock-finalization began. CHECKSUM is the commit that is expected to be staged, so that nothing else is booted by accident.",
  examples: [
    { command: "atomic host finalize-deployment --allow-missing-checksum", text: "Whatever is staged:" },
    { command: "atomic host finalize-deployment CHECKSUM", text: "This commit only:" },
  ],
  arguments: [{ name: "CHECKSUM", optional: true }],
  options: [
    ...hostOptions,
    { name: "allow-missing-checksum", help: "Take whatever is staged" },
    { name: "allow-unlocked", help: "It is no error when it was not held back" },
  ],
  async run(invocation) {
    const [checksum] = invocation.args;
    const anything = invocation.flag("allow-missing-checksum");
    if (checksum === undefined && !anything)
      throw cliError("usage", "Must provide expected CHECKSUM or --allow-missing-checksum");
    if (checksum !== undefined && anything)
      throw cliError("usage", "Cannot specify both CHECKSUM and --allow-missing-checksum");
    const sysroot = await openForChange(invocation);
    const { releaseStaged } = await import("../../../host/index.ts");
    const request = {
      ...(checksum === undefined ? {} : { checksum }),
      allowUnlocked: invocation.flag("allow-unlocked"),
    };
    const released = await releaseStaged(sysroot, request);
    await run("systemctl", ["reboot"]);
    return { checksum: released.checksum };
  },
  render: ({ checksum }) => `Rebooting into ${checksum.slice(0, 12)}.`,
});
