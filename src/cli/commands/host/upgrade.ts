// SPDX-License-Identifier: Apache-2.0
import type { Upgrade, UpgradeRequest } from "../../../host/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { renderUpgrade, type UpgradeReport } from "../../render/host-upgrade.ts";
import { deployReport, openForChange, rebootOption, stateRootOption, sysrootOption } from "./shared.ts";

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
    { name: "check", help: "Only say whether there is an update; exit with 77 when there is none" },
    { name: "preview", help: "Show what would change; exit with 77 when there is no update" },
    { name: "download-only", help: "Download the update, but do not deploy it" },
    { name: "cache-only", short: "C", help: "Do not ask the network; deploy what was downloaded" },
    { name: "allow-downgrade", help: "Accept a commit that is older than the present one" },
    { name: "stage", help: "Make it the default at shutdown (default on a running host)" },
    { name: "no-stage", help: "Make it the default at once" },
    { name: "lock-finalization", help: "Stage it, but let nothing come of it before it is unlocked" },
    { name: "unchanged-exit-77", help: "Exit with 77 when there was no update" },
    rebootOption,
  ],
  json: true,
  async run(invocation): Promise<UpgradeReport> {
    const sysroot = await openForChange(invocation);
    const { previewUpgrade, upgrade } = await import("../../../host/index.ts");
    const mode = modeOf(invocation);
    const act = mode === "check" || mode === "preview" ? previewUpgrade : upgrade;
    const { deployed, ...found }: Upgrade = await act(sysroot, requestOf(invocation), invocation.progress);
    const report = deployed === undefined ? undefined : await deployReport(sysroot, deployed, invocation);
    return { ...found, mode, deployed: report };
  },
  render: renderUpgrade,
  exitCode: ({ changed, mode }, invocation) =>
    !changed && (mode === "check" || mode === "preview" || invocation.flag("unchanged-exit-77")) ? 77 : 0,
});

function modeOf(invocation: Invocation): UpgradeReport["mode"] {
  if (invocation.flag("preview")) return "preview";
  if (invocation.flag("check")) return "check";
  return invocation.flag("download-only") ? "download" : "apply";
}

function requestOf(invocation: Invocation): UpgradeRequest {
  const stateroot = invocation.value("stateroot");
  const stage = invocation.flag("no-stage") ? false : invocation.flag("stage") ? true : undefined;
  return {
    ...(stateroot === undefined ? {} : { stateroot }),
    ...(stage === undefined ? {} : { stage }),
    allowDowngrade: invocation.flag("allow-downgrade"),
    cacheOnly: invocation.flag("cache-only"),
    downloadOnly: invocation.flag("download-only"),
    lockFinalization: invocation.flag("lock-finalization"),
  };
}
