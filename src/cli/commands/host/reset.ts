// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { renderDeployed } from "../../render/host-change.ts";
import {
  deployReport,
  lockFinalizationOption,
  namedStateroot,
  openForChange,
  osOption,
  rebootOption,
  stageOptions,
  staging,
  stateRootOption,
  sysrootOption,
} from "./shared.ts";

export default defineCommand({
  path: ["host", "reset"],
  summary: "Go back to the base: no layered packages, overrides or tracked initramfs files",
  description:
    "Makes a deployment of the version that the host follows, without what was added to it here. Without options all of it is taken back. /etc, /var and kernel arguments stay.",
  examples: [{ command: "atomic host reset --initramfs", text: "Stop tracking files of /etc in the initramfs:" }],
  options: [
    sysrootOption,
    stateRootOption,
    osOption,
    { name: "overlays", short: "l", help: "Take back layered packages" },
    { name: "overrides", short: "o", help: "Take back replaced and removed packages" },
    { name: "initramfs", short: "i", help: "Stop making the initramfs anew and tracking files" },
    ...stageOptions,
    lockFinalizationOption,
    rebootOption,
  ],
  json: true,
  async run(invocation) {
    const sysroot = await openForChange(invocation);
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
