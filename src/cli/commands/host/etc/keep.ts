// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { openForChange, openSysroot, sysrootOption } from "../shared.ts";
import { chosenDeployment } from "./diff.ts";

export default defineCommand({
  path: ["host", "etc", "keep"],
  summary: "Say which files of /etc belong to this machine, so that resets leave them",
  description: "The list is /etc/atomic/etc-keep. A * at the end stands for any characters.",
  examples: [{ command: "atomic host etc keep ssh/sshd_config", text: "Keep one:" }],
  arguments: [{ name: "PATH", optional: true, repeat: true }],
  options: [
    sysrootOption,
    { name: "deployment", value: "DEPLOYMENT", help: "In this one (default: the booted, else the first)" },
    { name: "remove", help: "Take the paths off the list" },
  ],
  json: true,
  async run(invocation) {
    const changing = invocation.args.length > 0;
    const sysroot = await (changing ? openForChange(invocation) : openSysroot(invocation));
    const { alwaysKept, changeKept, etcDirectories, readKept } = await import("../../../../host/index.ts");
    const { modified } = etcDirectories(sysroot, await chosenDeployment(sysroot, invocation));
    const kept = changing ? changeKept(modified, invocation.args, !invocation.flag("remove")) : readKept(modified);
    return { kept, always: alwaysKept };
  },
  render: ({ kept, always }) => [...kept, ...always.map((path) => `${path}    (always)`)].join("\n"),
});
