// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { argument, openRepo, repoOption } from "../open-repo.ts";

export default defineCommand<undefined>({
  path: ["ostree", "static-delta", "delete"],
  summary: "Remove a delta",
  arguments: [{ name: "DELTA", optional: true }],
  options: [repoOption],
  async run(invocation) {
    const delta = argument(invocation, 0, "DELTA must be specified");
    const { deleteDelta } = await import("../../../../ostree/index.ts");
    deleteDelta(await openRepo(invocation), delta);
    return undefined;
  },
});
