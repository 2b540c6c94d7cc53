// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { argument, openRepo, repoOption } from "./open-repo.ts";

export default defineCommand({
  path: ["ostree", "reset"],
  summary: "Reset a REF to a previous COMMIT",
  arguments: [
    { name: "REF", optional: true },
    { name: "COMMIT", optional: true },
  ],
  options: [repoOption],
  async run(invocation) {
    const ref = argument(invocation, 0, "A REF and COMMIT argument is required");
    const target = argument(invocation, 1, "A REF and COMMIT argument is required");
    const repo = await openRepo(invocation);
    if (!repo.listRefs().has(ref)) throw cliError("usage", `Invalid ref '${ref}'`);
    repo.setRef(ref, repo.resolve(target));
    const { updateSummaryIfAutomatic } = await import("../../../ostree/index.ts");
    await updateSummaryIfAutomatic(repo);
  },
});
