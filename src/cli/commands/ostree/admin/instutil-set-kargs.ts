// SPDX-License-Identifier: Apache-2.0
import type { KernelArgs } from "../../../../host/index.ts";
import { defineCommand, type Invocation } from "../../../command.ts";
import { changeSysroot, firstDeployment, sysrootOption } from "./shared.ts";

export default defineCommand({
  path: ["ostree", "admin", "instutil", "set-kargs"],
  hidden: true,
  summary: "Set new kernel command line arguments (deprecated; use ostree admin deploy --karg)",
  arguments: [{ name: "ARGS", optional: true, repeat: true }],
  options: [
    sysrootOption,
    { name: "import-proc-cmdline", help: "Import current /proc/cmdline" },
    { name: "merge", help: "Merge with previous command line" },
    {
      name: "replace",
      value: "NAME=VALUE",
      repeat: true,
      help: "Set kernel argument, like root=/dev/sda1; this overrides any earlier argument with the same name",
    },
    {
      name: "append",
      value: "NAME=VALUE",
      repeat: true,
      help: "Append kernel argument; useful with e.g. console= that can be used multiple times",
    },
  ],
  async run(invocation) {
    const { replaceKernelArgs } = await import("../../../../host/index.ts");
    await changeSysroot(invocation, async (sysroot) => {
      const first = firstDeployment(sysroot);
      replaceKernelArgs(sysroot, first, await newArguments(first.kernelArgs, invocation), invocation.progress);
    });
  },
});

async function newArguments(present: KernelArgs, invocation: Invocation): Promise<KernelArgs> {
  const { appendKernelArg, procKernelArgs, setKernelArg } = await import("../../../../host/index.ts");
  const inherited = invocation.flag("merge") ? present : [];
  const base = invocation.flag("import-proc-cmdline") ? procKernelArgs() : inherited;
  const replaced = invocation.values("replace").reduce(setKernelArg, base);
  return [...invocation.values("append"), ...invocation.args].reduce(appendKernelArg, replaced);
}
