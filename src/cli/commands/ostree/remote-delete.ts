// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { argument, openRepoOrSysroot, repoOption, sysrootOption } from "./open-repo.ts";

export default defineCommand({
  path: ["ostree", "remote", "delete"],
  summary: "Delete a remote repository",
  arguments: [{ name: "NAME", optional: true }],
  options: [repoOption, { name: "if-exists", help: "Do nothing if the provided remote does not exist" }, sysrootOption],
  async run(invocation) {
    const name = argument(invocation, 0, "NAME must be specified");
    const { deleteRemote } = await import("../../../ostree/index.ts");
    deleteRemote(await openRepoOrSysroot(invocation), name, invocation.flag("if-exists"));
  },
});
