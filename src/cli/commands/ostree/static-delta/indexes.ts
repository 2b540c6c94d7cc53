// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { openRepo, repoOption } from "../open-repo.ts";

export default defineCommand<readonly string[]>({
  path: ["ostree", "static-delta", "indexes"],
  summary: "List static delta indexes",
  json: true,
  options: [repoOption],
  async run(invocation) {
    const { listDeltaIndexes } = await import("../../../../ostree/index.ts");
    return listDeltaIndexes(await openRepo(invocation));
  },
  render: (commits) => (commits.length === 0 ? "(No static deltas indexes)" : commits.join("\n")),
});
