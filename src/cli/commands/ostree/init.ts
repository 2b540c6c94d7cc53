// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { repoOption, repoPath } from "./open-repo.ts";

export default defineCommand({
  path: ["ostree", "init"],
  summary: "Initialize a new empty repository",
  examples: [{ command: "atomic ostree --repo=repo init --mode=archive", text: "A repository to publish over HTTP" }],
  options: [
    repoOption,
    {
      name: "mode",
      value: "MODE",
      help: "Initialize repository in given mode (bare, bare-user, bare-user-only, archive)",
    },
    {
      name: "collection-id",
      value: "COLLECTION-ID",
      help: "Globally unique ID for this repository as an collection of refs for redistribution to other repositories",
    },
  ],
  async run(invocation) {
    const { checkCollectionId, parseRepoMode, Repo } = await import("../../../ostree/index.ts");
    const collectionId = invocation.value("collection-id");
    if (collectionId !== undefined) checkCollectionId(collectionId);
    const mode = parseRepoMode(invocation.value("mode") ?? "bare", "--mode");
    Repo.init(repoPath(invocation), mode, collectionId === undefined ? {} : { collectionId });
  },
});
