// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { hostOptions, namedStateroot, openForChange } from "./shared.ts";

export default defineCommand({
  path: ["host", "refresh-md"],
  summary: "Download the lists of the host's package repositories",
  description:
    "Fetches what the repositories of /etc/yum.repos.d or /etc/apt offer, for `install` and `search`. A list that its repository says to be good for a while is not asked for before.",
  examples: [{ command: "atomic host refresh-md --force", text: "Also the lists that are not too old yet:" }],
  options: [...hostOptions, { name: "force", short: "f", help: "Ask for every list, however new the one here is" }],
  json: true,
  async run(invocation) {
    const sysroot = await openForChange(invocation, "refresh-md");
    const { loadPackageLists } = await import("../../../host/index.ts");
    const request = { ...namedStateroot(invocation), force: invocation.flag("force") };
    const { count, repositories } = await loadPackageLists(sysroot, request, invocation.progress);
    return { repositories, packages: count };
  },
  render: ({ repositories, packages }) =>
    repositories.length === 0
      ? "No package repositories are enabled."
      : [`${packages} packages`, ...repositories.map((id) => `  ${id}`)].join("\n"),
});
