// SPDX-License-Identifier: Apache-2.0
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { type DeployReport, renderDeployed } from "../../render/host-change.ts";
import {
  deployOptions,
  deployReport,
  hostOptions,
  namedStateroot,
  openForChange,
  openSysroot,
  staging,
  unchangedOption,
} from "./shared.ts";

const changes = ["track", "untrack", "untrack-all", "force-sync"];

interface Tracked {
  readonly files: readonly string[];
  readonly deployed: DeployReport | undefined;
}

export default defineCommand({
  path: ["host", "initramfs-etc"],
  summary: "Show or change which files of /etc the initramfs has",
  description:
    "Each new deployment gets a small initramfs with the tracked files as they are then, loaded after the version's own. Without options they are listed.",
  examples: [
    {
      command: "atomic host initramfs-etc --track=/etc/crypttab",
      text: "A file that is needed before the root is mounted:",
    },
  ],
  options: [
    ...hostOptions,
    { name: "track", value: "FILE", repeat: true, help: "Track this file or directory below /etc" },
    { name: "untrack", value: "FILE", repeat: true, help: "Track it no longer" },
    { name: "untrack-all", help: "Track nothing" },
    { name: "force-sync", help: "Make a deployment with the files as they are now" },
    ...deployOptions,
    unchangedOption,
  ],
  json: true,
  async run(invocation): Promise<Tracked> {
    const changing = isChange(invocation);
    if (!changing && invocation.flag("reboot"))
      throw cliError("usage", "Cannot use --reboot without --track, --untrack, --untrack-all, or --force-sync");
    const sysroot = await (changing ? openForChange(invocation, "initramfs-etc") : openSysroot(invocation));
    const { currentDeployment, trackedFiles, trackInInitramfs } = await import("../../../host/index.ts");
    const { stateroot } = namedStateroot(invocation);
    const request = {
      ...namedStateroot(invocation),
      ...staging(invocation),
      track: invocation.values("track"),
      untrack: invocation.values("untrack"),
      untrackAll: invocation.flag("untrack-all"),
      forceSync: invocation.flag("force-sync"),
    };
    const done = changing ? await trackInInitramfs(sysroot, request, invocation.progress) : undefined;
    const deployed = done === undefined ? undefined : await deployReport(sysroot, done, invocation);
    return { files: trackedFiles(currentDeployment(sysroot, stateroot).origin), deployed };
  },
  render({ files, deployed }) {
    const list = files.length === 0 ? ["No tracked files."] : ["Tracked files:", ...files.map((file) => `  ${file}`)];
    return [...list, ...(deployed === undefined ? [] : [renderDeployed(deployed)])].join("\n");
  },
  exitCode: ({ deployed }, invocation) =>
    deployed === undefined && isChange(invocation) && invocation.flag("unchanged-exit-77") ? 77 : 0,
});

function isChange(invocation: Invocation): boolean {
  return changes.some((change) => invocation.flag(change));
}
