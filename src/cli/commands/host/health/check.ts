// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { openSysroot, sysrootOption } from "../shared.ts";

export default defineCommand({
  path: ["host", "health", "check"],
  summary: "Run the health checks (run by the system when it is up)",
  description:
    "Runs the programs in /etc/atomic/health/required.d and wanted.d, and those of /usr/lib/atomic/health and of greenboot. Exits with 1 when a required one fails.",
  examples: [{ command: "atomic host health check", text: "While writing a check:" }],
  options: [sysrootOption],
  json: true,
  async run(invocation) {
    const sysroot = await openSysroot(invocation);
    const { hostError, runChecks, writeHealthReport } = await import("../../../../host/index.ts");
    if (sysroot.running === undefined) throw hostError("not-booted", "health checks are about the machine that runs");
    const report = await runChecks(sysroot.running.root);
    writeHealthReport(sysroot.running.run, report);
    return report;
  },
  render: ({ checks }) =>
    checks.length === 0
      ? "No health checks."
      : checks
          .map(
            ({ name, kind, problem }) =>
              `${problem === undefined ? "ok  " : "FAIL"}  ${kind}  ${name}${problem === undefined ? "" : `: ${problem}`}`,
          )
          .join("\n"),
  exitCode: ({ healthy }) => (healthy ? 0 : 1),
});
