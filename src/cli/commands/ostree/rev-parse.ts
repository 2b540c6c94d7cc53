// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { argument, openRepo, repoOption } from "./open-repo.ts";

export default defineCommand<{ commits: readonly string[] }>({
  path: ["ostree", "rev-parse"],
  summary: "Output the target of a rev",
  json: true,
  arguments: [{ name: "REV", optional: true, repeat: true }],
  options: [
    repoOption,
    {
      name: "single",
      short: "S",
      help: "If the repository has exactly one commit, then print it; any other case will result in an error",
    },
  ],
  async run(invocation) {
    const { args } = invocation;
    if (invocation.flag("single")) {
      if (args.length > 0) throw cliError("usage", "Cannot specify arguments with --single");
      const { listCommits } = await import("../../../ostree/index.ts");
      const commits = listCommits(await openRepo(invocation));
      if (commits.length > 1) throw cliError("usage", "Multiple commit objects found");
      if (commits.length === 0) throw cliError("usage", "No commit objects found");
      return { commits };
    }
    argument(invocation, 0, "REV must be specified");
    const repo = await openRepo(invocation);
    return { commits: args.map((rev) => repo.resolve(rev)) };
  },
  render: ({ commits }) => commits.join("\n"),
});
