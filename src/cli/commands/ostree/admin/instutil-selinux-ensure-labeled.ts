// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { firstDeployment, openSysroot, sysrootOption } from "./shared.ts";

export default defineCommand<readonly string[]>({
  path: ["ostree", "admin", "instutil", "selinux-ensure-labeled"],
  hidden: true,
  summary: "Relabel all or part of a deployment",
  arguments: [
    { name: "SUBPATH", optional: true },
    { name: "PREFIX", optional: true },
  ],
  options: [sysrootOption],
  async run(invocation) {
    const sysroot = await openSysroot(invocation);
    const directory = sysroot.directory(firstDeployment(sysroot));
    const [subpath = directory, prefix] = invocation.args;
    if (prefix === undefined && invocation.args.length > 0) throw cliError("usage", "PREFIX must be specified");
    const { relabel } = await import("../../../../host/index.ts");
    const { directoryPolicy } = await import("../../../../ostree/index.ts");
    const labeler = directoryPolicy(directory);
    if (labeler === undefined) return [`No SELinux policy found in deployment '${directory}'`];
    const lines: string[] = [];
    const onLabel = (path: string, as: string, label: string) =>
      lines.push(`Set label of '${path}' (as '${as}') to '${label}'`);
    relabel(labeler, subpath, `/${(prefix ?? "").replace(/^\/+/, "")}`, { keepExisting: true, onLabel });
    return ["Relabeling using the policy of the deployment", ...lines];
  },
  render: (lines) => lines.join("\n"),
});
