// SPDX-License-Identifier: Apache-2.0
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { renderDeployed } from "../../render/host-change.ts";
import {
  deployOptions,
  deployReport,
  hostOptions,
  namedStateroot,
  openForChange,
  refuseBoth,
  staging,
} from "./shared.ts";

export default defineCommand({
  path: ["host", "reset"],
  summary: "Go back to the base, without what was layered on it, or to the machine as it was when new",
  description:
    "Makes a deployment of the version that the host follows, without what was added to it here. Without options all of it is taken back; /etc, /var and kernel arguments stay. --factory=etc makes one whose /etc is the version's own, --factory=all one with an empty /var, too, in a stateroot of its own. `rollback` leads back until the old one is cleaned up.",
  examples: [
    { command: "atomic host reset --initramfs", text: "Stop tracking files of /etc in the initramfs:" },
    { command: "atomic host reset --factory=all --reboot", text: "A machine as it was when new:" },
  ],
  options: [
    ...hostOptions,
    { name: "overlays", short: "l", help: "Take back layered packages" },
    { name: "overrides", short: "o", help: "Take back replaced and removed packages" },
    { name: "initramfs", short: "i", help: "Stop making the initramfs anew and tracking files" },
    { name: "factory", value: "WHAT", help: "etc: forget all changes of /etc; all: of /etc and /var" },
    ...deployOptions,
  ],
  json: true,
  async run(invocation) {
    const what = invocation.value("factory");
    if (what !== undefined) return resetFactory(what, invocation);
    const sysroot = await openForChange(invocation, "reset");
    const { resetToBase } = await import("../../../host/index.ts");
    const request = {
      ...namedStateroot(invocation),
      ...staging(invocation),
      overlays: invocation.flag("overlays"),
      overrides: invocation.flag("overrides"),
      initramfs: invocation.flag("initramfs"),
    };
    const deployed = await resetToBase(sysroot, request, invocation.progress);
    return { deployed: deployed === undefined ? undefined : await deployReport(sysroot, deployed, invocation) };
  },
  render: ({ deployed }) => (deployed === undefined ? "No changes." : renderDeployed(deployed)),
});

async function resetFactory(what: string, invocation: Invocation) {
  if (what !== "etc" && what !== "all") throw cliError("usage", "--factory is etc or all");
  for (const name of ["overlays", "overrides", "initramfs", "lock-finalization"])
    refuseBoth(invocation, "factory", name);
  const sysroot = await openForChange(invocation, "reset");
  const { factoryReset } = await import("../../../host/index.ts");
  const request = { ...namedStateroot(invocation), ...staging(invocation), what } as const;
  const deployed = await factoryReset(sysroot, request, invocation.progress);
  return { deployed: await deployReport(sysroot, deployed, invocation) };
}
