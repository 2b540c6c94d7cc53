// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { renderChosen } from "../../render/chosen-packages.ts";
import { type Chosen, chooseOptions, choosePackages } from "./choose-packages.ts";

export default defineCommand<Omit<Chosen, "explain">>({
  path: ["compose", "resolve"],
  summary: "List the packages that a treefile or a request comes to, and why each is in",
  description:
    "A request is written as for dnf: NAME, NAME.ARCH, NAME-VERSION-RELEASE.ARCH, globs, what packages provide, the path " +
    "of a file. When the packages cannot be installed together, the reasons are told and the exit code is 1.",
  examples: [
    { command: "atomic compose resolve host.yaml", text: "All packages of a treefile with their reasons" },
    {
      command: "atomic compose resolve --repofrompath=base,/srv/repo podman '*-selinux'",
      text: "What dnf would install from a repository",
    },
  ],
  arguments: [{ name: "TREEFILE|SPEC", repeat: true, optional: true }],
  options: chooseOptions,
  json: true,
  async run(invocation) {
    const { explain: _, ...chosen } = await choosePackages(invocation, invocation.args);
    return chosen;
  },
  render: renderChosen,
});
