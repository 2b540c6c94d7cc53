// SPDX-License-Identifier: Apache-2.0
import { run } from "../../../../base/index.ts";
import type { Settlement } from "../../../../host/index.ts";
import { defineCommand } from "../../../command.ts";
import { openForChange, sysrootOption } from "../shared.ts";

export default defineCommand({
  path: ["host", "health", "settle"],
  hidden: true,
  summary: "Decide about the version on trial (run by the system when it is up, or is not)",
  options: [
    sysrootOption,
    { name: "failed", value: "REASON", help: "The system did not come up as it should" },
    { name: "no-reboot", help: "Leave the reboot to the caller" },
  ],
  json: true,
  async run(invocation): Promise<Settlement> {
    const sysroot = await openForChange(invocation);
    const { readHealthReport, runHooks, settleBoot, troubleOf } = await import("../../../../host/index.ts");
    const said = invocation.value("failed");
    const { running } = sysroot;
    const trouble = said === undefined ? undefined : (troubleOf(running && readHealthReport(running.run)) ?? said);
    const settled = await settleBoot(sysroot, trouble);
    if (running !== undefined) await runHooks(running.root, trouble === undefined ? "green" : "red");
    if (settled.reboot && !invocation.flag("no-reboot")) await run("systemctl", ["reboot"]);
    return settled;
  },
  render({ verdict, version, failed }) {
    const name = version ?? "the new version";
    if (verdict === "accept") return `${name} is healthy and stays.`;
    if (failed !== undefined) return `${name} was rolled back: ${failed.reason}. It is not tried again by itself.`;
    if (verdict === "nothing") return "Nothing is on trial.";
    return `${name} is not healthy; booting again.`;
  },
});
