// SPDX-License-Identifier: Apache-2.0
import type { KernelArgs } from "../../../host/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { type DeployReport, renderDeployed } from "../../render/host-change.ts";
import { deployReport, openForChange, openSysroot, rebootOption, stateRootOption, sysrootOption } from "./shared.ts";

/** The editing options, in the order in which they are obeyed (rpm-ostree's). */
const edits = ["delete", "delete-if-present", "replace", "append", "append-if-missing"] as const;

export default defineCommand({
  path: ["host", "kargs"],
  summary: "Show or change the kernel arguments",
  description:
    "Without options the arguments of the default deployment are shown. A change makes a new deployment of the same version, so the old arguments can be gone back to.",
  examples: [
    { command: "atomic host kargs", text: "Show them:" },
    { command: "atomic host kargs --append=mitigations=off --delete=quiet", text: "Change them for the next boot:" },
  ],
  options: [
    sysrootOption,
    stateRootOption,
    { name: "append", value: "KEY=VALUE", repeat: true, help: "Add an argument" },
    { name: "append-if-missing", value: "KEY=VALUE", repeat: true, help: "Add an argument unless it is there" },
    { name: "delete", value: "KEY=VALUE", repeat: true, help: "Remove an argument; KEY alone when it occurs once" },
    { name: "delete-if-present", value: "KEY=VALUE", repeat: true, help: "Remove an argument if it is there" },
    { name: "replace", value: "KEY=NEW", repeat: true, help: "Replace a value; KEY=OLD=NEW when there are several" },
    { name: "deploy-index", value: "INDEX", help: "Start from the arguments of this deployment of the status" },
    { name: "no-stage", help: "Make the change the default at once" },
    { name: "unchanged-exit-77", help: "Exit with 77 when nothing had to be changed" },
    rebootOption,
  ],
  json: true,
  async run(invocation): Promise<{ before: KernelArgs; after: KernelArgs; deployed: DeployReport | undefined }> {
    const changing = edits.some((edit) => invocation.values(edit).length > 0);
    const sysroot = await (changing ? openForChange(invocation) : openSysroot(invocation));
    const { chooseDeployment, setKernelArgs } = await import("../../../host/index.ts");
    const from = chooseDeployment(sysroot, invocation.value("deploy-index") ?? "0");
    const after = await edit(from.kernelArgs, invocation);
    if (after.join(" ") === from.kernelArgs.join(" ")) return { before: from.kernelArgs, after, deployed: undefined };
    const stage = sysroot.booted !== undefined && !invocation.flag("no-stage");
    const deployed = await setKernelArgs(sysroot, from, after, { stage });
    return { before: from.kernelArgs, after, deployed: await deployReport(sysroot, deployed, invocation) };
  },
  render({ after, deployed }) {
    return deployed === undefined
      ? after.join(" ")
      : `Kernel arguments: ${after.join(" ")}\n${renderDeployed(deployed)}`;
  },
  exitCode: ({ deployed }, invocation) => (deployed === undefined && invocation.flag("unchanged-exit-77") ? 77 : 0),
});

async function edit(args: KernelArgs, invocation: Invocation): Promise<KernelArgs> {
  const host = await import("../../../host/index.ts");
  const how: Record<(typeof edits)[number], (args: KernelArgs, arg: string) => KernelArgs> = {
    delete: host.deleteKernelArg,
    "delete-if-present": host.deleteKernelArgIfPresent,
    replace: host.replaceKernelArg,
    append: host.appendKernelArg,
    "append-if-missing": host.appendKernelArgIfMissing,
  };
  return edits.reduce((all, name) => invocation.values(name).reduce(how[name], all), args);
}
