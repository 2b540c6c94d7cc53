// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { formatBytes } from "../../style.ts";
import { hostOptions, namedStateroot, openForChange } from "./shared.ts";

export default defineCommand({
  path: ["host", "cleanup"],
  summary: "Remove old deployments and what nothing needs any more",
  description:
    "Removes what interrupted commands left, kernels and objects that no deployment needs. The booted deployment and pinned ones always stay.",
  examples: [
    { command: "atomic host cleanup --pending", text: "Take back an update that is staged or pending:" },
    { command: "atomic host cleanup --rollback", text: "Give up the version before, for its space:" },
  ],
  options: [
    ...hostOptions,
    { name: "pending", short: "p", help: "Remove staged and pending deployments" },
    { name: "rollback", short: "r", help: "Remove the deployments behind the booted one" },
    { name: "base", short: "b", help: "Remove temporary files (always done; taken for rpm-ostree's sake)" },
    { name: "repomd", short: "m", help: "Remove cached metadata of package repositories" },
  ],
  json: true,
  async run(invocation) {
    const sysroot = await openForChange(invocation, "cleanup");
    const { cleanup } = await import("../../../host/index.ts");
    const request = {
      ...namedStateroot(invocation),
      pending: invocation.flag("pending"),
      rollback: invocation.flag("rollback"),
      repomd: invocation.flag("repomd"),
    };
    return cleanup(sysroot, request, invocation.progress);
  },
  render({ deployments, objects, freed }) {
    const removed = deployments.map((name) => `Removed deployment ${name}`);
    const pruned = objects === 0 ? [] : [`Removed ${objects} objects, ${formatBytes(freed)}`];
    return removed.length + pruned.length === 0 ? "Nothing to clean up." : [...removed, ...pruned].join("\n");
  },
});
