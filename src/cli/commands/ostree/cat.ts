// SPDX-License-Identifier: Apache-2.0
import { writeAll } from "../../../base/index.ts";
import { defineCommand } from "../../command.ts";
import { argument, openRepo, repoOption } from "./open-repo.ts";

export default defineCommand({
  path: ["ostree", "cat"],
  summary: "Concatenate contents of files",
  arguments: [
    { name: "COMMIT", optional: true },
    { name: "PATH", optional: true, repeat: true },
  ],
  options: [repoOption],
  async run(invocation) {
    const rev = argument(invocation, 0, "A COMMIT and at least one PATH argument are required");
    argument(invocation, 1, "A COMMIT and at least one PATH argument are required");
    const { openInCommit } = await import("../../../ostree/index.ts");
    const repo = await openRepo(invocation);
    for (const path of invocation.args.slice(1)) {
      for await (const piece of openInCommit(repo, rev, path).stream() as AsyncIterable<Buffer>) writeAll(1, piece);
    }
  },
});
