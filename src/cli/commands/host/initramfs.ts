// SPDX-License-Identifier: Apache-2.0
import type { InitramfsState } from "../../../host/index.ts";
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
} from "./shared.ts";

interface Report extends InitramfsState {
  readonly deployed: DeployReport | undefined;
}

export default defineCommand({
  path: ["host", "initramfs"],
  summary: "Show or change whether the initramfs is made on this host",
  description:
    "With --enable the version's own dracut makes its initramfs anew, of this host's /etc and with the arguments given, now and after each update. For single files `initramfs-etc` is quicker. Without options the state is shown.",
  examples: [
    { command: "atomic host initramfs --enable --arg=-I --arg=/etc/crypttab", text: "One more file in it:" },
    { command: "atomic host initramfs --disable", text: "Back to the version's:" },
  ],
  options: [
    ...hostOptions,
    { name: "enable", help: "Make the initramfs on this host" },
    { name: "arg", value: "ARG", repeat: true, help: "Append this to dracut's arguments" },
    { name: "disable", help: "Use the version's initramfs" },
    ...deployOptions,
  ],
  json: true,
  async run(invocation): Promise<Report> {
    const changing = isChange(invocation);
    const sysroot = await (changing ? openForChange(invocation, "initramfs") : openSysroot(invocation));
    const { currentDeployment, initramfsState, setLocalInitramfs } = await import("../../../host/index.ts");
    const { stateroot } = namedStateroot(invocation);
    const regenerate = invocation.flag("enable");
    const request = {
      ...namedStateroot(invocation),
      ...staging(invocation),
      regenerate,
      arguments: invocation.values("arg"),
    };
    const done = changing ? await setLocalInitramfs(sysroot, request, invocation.progress) : undefined;
    const deployed = done === undefined ? undefined : await deployReport(sysroot, done, invocation);
    return { ...initramfsState(currentDeployment(sysroot, stateroot).origin), deployed };
  },
  render({ regenerate, arguments: words, deployed }) {
    const state = regenerate ? "enabled" : "disabled";
    return [
      `Initramfs regeneration${deployed === undefined ? "" : " is now"}: ${state}`,
      ...(words.length === 0 ? [] : [`Initramfs args: ${words.join(" ")}`]),
      ...(deployed === undefined ? [] : [renderDeployed(deployed)]),
    ].join("\n");
  },
});

/** What rpm-ostree refuses (`rpmostree_builtin_initramfs`). */
function isChange(invocation: Invocation): boolean {
  const [enable, disable, arg] = ["enable", "disable", "arg"].map((name) => invocation.flag(name));
  if (enable && disable) throw cliError("usage", "Cannot simultaneously specify --enable and --disable");
  if (disable && arg) throw cliError("usage", "Cannot simultaneously specify --disable and --arg");
  if (arg && !enable) throw cliError("usage", "--arg must be used with --enable");
  if (!enable && !disable && invocation.flag("reboot"))
    throw cliError("usage", "--reboot must be used with --enable or --disable");
  return enable === true || disable === true;
}
