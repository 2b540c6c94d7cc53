// SPDX-License-Identifier: Apache-2.0
import { defineCommand, type Invocation } from "../../command.ts";
import { type AutomaticReport, renderAutomatic } from "../../render/host-automatic.ts";
import { renderUpdate, type UpdateReport } from "../../render/host-upgrade.ts";
import { refusedBy } from "./refused-by.ts";
import {
  hostOptions,
  openForUpdate,
  refuseBoth,
  unchangedOption,
  updateOptions,
  updateReport,
  updateRequest,
} from "./shared.ts";

export default defineCommand({
  path: ["host", "upgrade"],
  summary: "Update the host to the newest version of its branch",
  description:
    "Downloads the newest commit of the branch that the host follows and stages it: it boots next, the running system is untouched. Kernel arguments and changes to /etc are kept.",
  examples: [
    { command: "atomic host upgrade --preview", text: "See what would change:" },
    { command: "atomic host upgrade --reboot", text: "Update and boot into it:" },
  ],
  options: [
    ...hostOptions,
    { name: "check", help: "Only say whether there is an update; exit with 77 when there is none" },
    { name: "preview", help: "Show what would change; exit with 77 when there is no update" },
    { name: "allow-downgrade", help: "Accept a commit that is older than the present one" },
    ...updateOptions,
    unchangedOption,
    {
      name: "trigger-automatic-update-policy",
      help: "Do what /etc/atomic/updates.conf says about automatic updates (run by atomic-update.timer)",
    },
  ],
  json: true,
  async run(invocation): Promise<UpdateReport | AutomaticReport> {
    if (invocation.flag("trigger-automatic-update-policy")) return automatic(invocation);
    for (const reading of ["preview", "check"]) refuseBoth(invocation, "reboot", reading);
    const sysroot = await openForUpdate(invocation, "upgrade");
    const { previewUpgrade, upgrade } = await import("../../../host/index.ts");
    const mode = modeOf(invocation);
    const act = mode === "check" || mode === "preview" ? previewUpgrade : upgrade;
    const allowDowngrade = invocation.flag("allow-downgrade");
    const request = { ...updateRequest(invocation), allowDowngrade, etc: mode === "preview" };
    return updateReport(sysroot, await act(sysroot, request, invocation.progress), mode, invocation, "upgrade");
  },
  render: (report, style) => ("policy" in report ? renderAutomatic(report) : renderUpdate(report, style)),
  exitCode(report, invocation) {
    if ("policy" in report || report.changed) return 0;
    return report.mode === "check" || report.mode === "preview" || invocation.flag("unchanged-exit-77") ? 77 : 0;
  },
});

/** Another program that drives the updates has its own policy. */
async function automatic(invocation: Invocation): Promise<AutomaticReport> {
  for (const other of ["check", "preview", "download-only", "reboot"])
    refuseBoth(invocation, "trigger-automatic-update-policy", other);
  const { readUpdateConfig, triggerAutomaticUpdate } = await import("../../../host/index.ts");
  const config = readUpdateConfig();
  const none = { policy: "none", update: undefined, reboot: { state: "not-needed" }, refusedBy: [] } as const;
  if (config.policy === "none") return none;
  const sysroot = await openForUpdate(invocation, "upgrade");
  const done = await triggerAutomaticUpdate(sysroot, config, {}, invocation.progress);
  const deployed = done.update?.deployed === undefined ? undefined : done.update.to;
  return { ...done, refusedBy: deployed === undefined ? [] : await refusedBy(sysroot, deployed, invocation) };
}

function modeOf(invocation: Invocation): UpdateReport["mode"] {
  if (invocation.flag("preview")) return "preview";
  if (invocation.flag("check")) return "check";
  return invocation.flag("download-only") ? "download" : "apply";
}
