// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { argument, openRepo, refuse, repoOption } from "./open-repo.ts";

export default defineCommand({
  path: ["ostree", "remote", "delete"],
  summary: "Delete a remote repository",
  arguments: [{ name: "NAME", optional: true }],
  options: [
    repoOption,
    { name: "if-exists", help: "Do nothing if the provided remote does not exist" },
    { name: "sysroot", value: "PATH", help: "Use sysroot at PATH (overrides --repo)", hidden: true },
  ],
  async run(invocation) {
    refuse(invocation, "sysroot");
    const name = argument(invocation, 0, "NAME must be specified");
    const { deleteRemote } = await import("../../../ostree/index.ts");
    deleteRemote(await openRepo(invocation), name, invocation.flag("if-exists"));
  },
});
