// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";

export default defineCommand({
  path: ["host", "cancel"],
  summary: "Cancel the change of the host that is under way",
  description:
    "Ends the `atomic host` command or the transaction of the D-Bus service that downloads or deploys now. What boots stays as it was; what was downloaded is used next time.",
  examples: [{ command: "atomic host cancel", text: "A download that is too slow now:" }],
  async run() {
    const { cancelChange, Sysroot } = await import("../../../host/index.ts");
    return { cancelled: await cancelChange(Sysroot.open("/")) };
  },
  render: ({ cancelled }) =>
    cancelled === undefined ? "No active transaction." : `Cancelled: ${cancelled.commandLine}`,
});
