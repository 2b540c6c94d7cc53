// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { renderHealth } from "../../../render/host-health.ts";
import { openSysroot, sysrootOption } from "../shared.ts";

export default defineCommand({
  path: ["host", "health", "list"],
  summary: "Show health checks, what is on trial, and versions that failed",
  description:
    "A version that has not come up yet is on trial: the boot loader counts attempts to boot it and goes back when none is left. Versions that failed are not installed again until they are allowed.",
  examples: [{ command: "atomic host health list", text: "On a host:" }],
  options: [sysrootOption],
  json: true,
  async run(invocation) {
    const sysroot = await openSysroot(invocation);
    const { findChecks, readHealthReport, status } = await import("../../../../host/index.ts");
    const { running } = sysroot;
    return {
      checks: running === undefined ? [] : findChecks(running.root),
      report: running === undefined ? undefined : readHealthReport(running.run),
      ...status(sysroot).health,
    };
  },
  render: renderHealth,
});
