// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { openRepo, repoOption } from "../open-repo.ts";

export default defineCommand<undefined>({
  path: ["ostree", "static-delta", "reindex"],
  summary: "Regenerate static delta indexes",
  options: [repoOption, { name: "to", value: "REV", help: "Only update delta index to revision REV" }],
  async run(invocation) {
    const { asChecksum, reindexDeltas } = await import("../../../../ostree/index.ts");
    const to = invocation.value("to");
    reindexDeltas(await openRepo(invocation), to === undefined ? undefined : asChecksum(to));
    return undefined;
  },
});
