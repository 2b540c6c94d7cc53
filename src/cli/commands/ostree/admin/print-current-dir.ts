// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { firstDeployment, openSysroot, sysrootOption } from "./shared.ts";

/** Stands for the option `--print-current-dir` of all verbs of `ostree admin`. */
export default defineCommand({
  path: ["ostree", "admin", "print-current-dir"],
  hidden: true,
  summary: "Print the directory of the first deployment",
  arguments: [{ name: "IGNORED", optional: true, repeat: true }],
  options: [sysrootOption, { name: "print-current-dir", help: "Print the directory of the first deployment" }],
  async run(invocation) {
    const sysroot = await openSysroot(invocation);
    return sysroot.directory(firstDeployment(sysroot));
  },
  render: (directory) => directory,
});
