// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { argument, integerOption } from "../open-repo.ts";
import { sysrootOption } from "./shared.ts";

export default defineCommand({
  path: ["ostree", "admin", "init-fs"],
  summary: "Initialize a root filesystem",
  arguments: [{ name: "PATH", optional: true }],
  options: [
    sysrootOption,
    { name: "modern", help: "Only create /boot and /ostree" },
    {
      name: "epoch",
      short: "E",
      value: "EPOCH",
      help: "An integer value, defines initial state.  Must be in the range [0-2], inclusive.",
    },
  ],
  async run(invocation) {
    const path = argument(invocation, 0, "PATH must be specified");
    const epoch = integerOption(invocation, "epoch") ?? 0;
    if (epoch < 0) throw cliError("usage", `Invalid epoch: ${epoch}`);
    const { initFileSystem } = await import("../../../../host/index.ts");
    initFileSystem(path, epoch === 0 && invocation.flag("modern") ? 1 : epoch);
  },
});
