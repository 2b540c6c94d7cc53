// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { argument, openRepo, repoOption } from "./open-repo.ts";

export default defineCommand<{ url: string }>({
  path: ["ostree", "remote", "show-url"],
  summary: "Show remote repository URL",
  json: true,
  arguments: [{ name: "NAME", optional: true }],
  options: [repoOption],
  async run(invocation) {
    const name = argument(invocation, 0, "NAME must be specified");
    const { findRemote, remoteUrl } = await import("../../../ostree/index.ts");
    return { url: remoteUrl(findRemote(await openRepo(invocation), name)) };
  },
  render: ({ url }) => url,
});
