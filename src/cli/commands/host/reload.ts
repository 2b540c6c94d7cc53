// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";

export default defineCommand({
  path: ["host", "reload"],
  summary: "Have the configuration read anew (done with every command)",
  description: "For scripts that call rpm-ostree: commands read configuration and deployments each time they start.",
  async run() {
    const { readRetention, Sysroot } = await import("../../../host/index.ts");
    const sysroot = Sysroot.open("/");
    // A mistake is told here rather than at the next update.
    return { retention: readRetention(sysroot.running?.root ?? sysroot.path) };
  },
  render: () => "",
});
