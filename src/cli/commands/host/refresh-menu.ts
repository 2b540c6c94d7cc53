// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { openForChange, sysrootOption } from "./shared.ts";

export default defineCommand({
  path: ["host", "refresh-menu"],
  summary: "Complete the boot menu after stock ostree changed it (run by the system)",
  description:
    "Stock ostree writes boot entries, but not the menu for GRUB that lies beside them. The order of the deployments stays as it is.",
  examples: [{ command: "atomic host refresh-menu", text: "After ostree admin deploy:" }],
  options: [sysrootOption],
  async run(invocation) {
    const sysroot = await openForChange(invocation);
    const { refreshMenu } = await import("../../../host/index.ts");
    return { changed: await refreshMenu(sysroot) };
  },
  render: ({ changed }) => (changed ? "The boot menu was written anew." : "The boot menu is complete."),
});
