// SPDX-License-Identifier: Apache-2.0
import { defineCommand, type Invocation } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { openSysroot, sysrootOption } from "./shared.ts";

export default defineCommand<string>({
  path: ["ostree", "admin", "instutil", "grub2-generate"],
  hidden: true,
  summary: "Generate GRUB2 configuration from given BLS entries",
  arguments: [{ name: "BOOTVERSION", optional: true }],
  options: [sysrootOption],
  async run(invocation) {
    const sysroot = await openSysroot(invocation);
    const { generateGrubMenu, readBootEntries } = await import("../../../../host/index.ts");
    const version = bootVersion(invocation) ?? sysroot.bootVersion.version;
    return generateGrubMenu(readBootEntries(sysroot.path, version), process.env);
  },
  render: (text) => text,
});

/** The argument, else what the command that runs grub2-mkconfig has put into the environment. */
function bootVersion(invocation: Invocation): 0 | 1 | undefined {
  const text = invocation.args[0] ?? process.env["_OSTREE_GRUB2_BOOTVERSION"];
  if (text === undefined) return undefined;
  if (text !== "0" && text !== "1") throw cliError("usage", `Invalid bootversion: ${text}`);
  return text === "0" ? 0 : 1;
}
