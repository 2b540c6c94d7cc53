// SPDX-License-Identifier: Apache-2.0
import type { DeploymentStatus, Status } from "../../../host/index.ts";
import { defineCommand } from "../../command.ts";
import { renderHostStatus } from "../../render/host-status.ts";
import { openSysroot, sysrootOption } from "./shared.ts";

export default defineCommand({
  path: ["host", "status"],
  summary: "Show what is deployed, what runs and what boots next",
  description:
    "Lists the deployments in boot order. The one that runs is marked. `--json` prints the keys of rpm-ostree's status.",
  examples: [
    { command: "atomic host status", text: "On a host:" },
    { command: "atomic host status --json --booted", text: "The running deployment, for programs:" },
  ],
  options: [
    sysrootOption,
    { name: "booted", short: "b", help: "Show the booted deployment only" },
    { name: "pending-exit-77", help: "Exit with 77 when another deployment than the booted one boots next" },
  ],
  json: true,
  async run(invocation): Promise<Status> {
    const sysroot = await openSysroot(invocation);
    const { statusWithSignatures } = await import("../../../host/index.ts");
    const all = await statusWithSignatures(sysroot);
    if (!invocation.flag("booted")) return all;
    sysroot.requireBooted();
    return { ...all, deployments: all.deployments.filter(({ booted }) => booted) };
  },
  render: (status, style) => renderHostStatus(status, style, Date.now() / 1000),
  exitCode: ({ deployments }, invocation) => (invocation.flag("pending-exit-77") && isPending(deployments) ? 77 : 0),
});

function isPending(deployments: readonly DeploymentStatus[]): boolean {
  return deployments.some(({ booted }) => booted) && deployments[0]?.booted === false;
}
