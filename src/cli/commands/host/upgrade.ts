// SPDX-License-Identifier: Apache-2.0
import type { AutomaticResult, UpdateRequest } from "../../../host/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { renderAutomatic } from "../../render/host-automatic.ts";
import { renderUpdate, type UpdateReport } from "../../render/host-upgrade.ts";
import {
  bypassDriverOption,
  heedDriver,
  lockFinalizationOption,
  makeRoomOption,
  namedStateroot,
  openForChange,
  osOption,
  rebootOption,
  refuseBoth,
  softRebootOption,
  stageOptions,
  staging,
  stateRootOption,
  sysrootOption,
  unchangedOption,
  updateReport,
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
    sysrootOption,
    stateRootOption,
    osOption,
    { name: "check", help: "Only say whether there is an update; exit with 77 when there is none" },
    { name: "preview", help: "Show what would change; exit with 77 when there is no update" },
    { name: "download-only", help: "Download the update, but do not deploy it" },
    { name: "cache-only", short: "C", help: "Do not ask the network; deploy what was downloaded" },
    { name: "allow-downgrade", help: "Accept a commit that is older than the present one" },
    ...stageOptions,
    makeRoomOption,
    lockFinalizationOption,
    bypassDriverOption,
    unchangedOption,
    rebootOption,
    softRebootOption,
    {
      name: "trigger-automatic-update-policy",
      help: "Do what /etc/atomic/updates.conf says about automatic updates (run by atomic-update.timer)",
    },
  ],
  json: true,
  async run(invocation): Promise<UpdateReport | AutomaticResult> {
    if (invocation.flag("trigger-automatic-update-policy")) return automatic(invocation);
    for (const reading of ["preview", "check"]) refuseBoth(invocation, "reboot", reading);
    const sysroot = await openForChange(invocation, "upgrade");
    await heedDriver(sysroot, invocation);
    const { previewUpgrade, upgrade } = await import("../../../host/index.ts");
    const mode = modeOf(invocation);
    const act = mode === "check" || mode === "preview" ? previewUpgrade : upgrade;
    const request = { ...requestOf(invocation), etc: mode === "preview" };
    return updateReport(sysroot, await act(sysroot, request, invocation.progress), mode, invocation, "upgrade");
  },
  render: (report, style) => ("policy" in report ? renderAutomatic(report) : renderUpdate(report, style)),
  exitCode(report, invocation) {
    if ("policy" in report || report.changed) return 0;
    return report.mode === "check" || report.mode === "preview" || invocation.flag("unchanged-exit-77") ? 77 : 0;
  },
});

/** Another program that drives the updates has its own policy. */
async function automatic(invocation: Invocation): Promise<AutomaticResult> {
  for (const other of ["check", "preview", "download-only", "reboot"])
    refuseBoth(invocation, "trigger-automatic-update-policy", other);
  const { readUpdateConfig, triggerAutomaticUpdate } = await import("../../../host/index.ts");
  const config = readUpdateConfig();
  if (config.policy === "none") return { policy: "none", update: undefined, reboot: { state: "not-needed" } };
  const sysroot = await openForChange(invocation, "upgrade");
  await heedDriver(sysroot, invocation);
  return triggerAutomaticUpdate(sysroot, config, {}, invocation.progress);
}

function modeOf(invocation: Invocation): UpdateReport["mode"] {
  if (invocation.flag("preview")) return "preview";
  if (invocation.flag("check")) return "check";
  return invocation.flag("download-only") ? "download" : "apply";
}

function requestOf(invocation: Invocation): UpdateRequest {
  return {
    ...namedStateroot(invocation),
    ...staging(invocation),
    makeRoom: invocation.flag("make-room"),
    allowDowngrade: invocation.flag("allow-downgrade"),
    cacheOnly: invocation.flag("cache-only"),
    downloadOnly: invocation.flag("download-only"),
  };
}
