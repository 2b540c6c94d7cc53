// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { openRepo, repoOption } from "../open-repo.ts";

export default defineCommand<readonly string[]>({
  path: ["ostree", "static-delta", "list"],
  summary: "List static delta files",
  json: true,
  options: [repoOption],
  async run(invocation) {
    const { deltaName, listDeltas } = await import("../../../../ostree/index.ts");
    return listDeltas(await openRepo(invocation)).map((delta) => deltaName(delta));
  },
  render: (names) => (names.length === 0 ? "(No static deltas)" : names.join("\n")),
});
