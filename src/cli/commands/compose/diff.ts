// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { CommitDifference } from "../../../compose/index.ts";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { renderCommitDifference } from "../../render/compose-diff.ts";

type Compared = CommitDifference & { readonly all: boolean };

export default defineCommand<Compared>({
  path: ["compose", "diff"],
  summary: "Compare two commits: packages, files and sizes",
  examples: [
    {
      command: "atomic compose diff debian/13/x86_64/container-host --repo=repo",
      text: "What the last commit changed",
    },
    { command: "atomic compose diff A B --repo=repo --files", text: "All files that differ" },
  ],
  arguments: [{ name: "REV" }, { name: "REV", optional: true }],
  options: [
    { name: "repo", short: "r", value: "REPO", help: "Repository of both commits" },
    { name: "files", help: "List every file that differs" },
  ],
  json: true,
  async run(invocation) {
    const [first = "", second] = invocation.args;
    const path = invocation.value("repo");
    if (path === undefined || !existsSync(join(path, "config"))) {
      throw cliError("usage", path === undefined ? "no --repo given" : `--repo=${path}: no repository`);
    }
    const { Repo } = await import("../../../ostree/index.ts");
    const { compareCommits } = await import("../../../compose/index.ts");
    const repo = Repo.open(path);
    // One commit is compared with its parent, as `ostree diff` does it.
    const [from, to] = second === undefined ? [`${first}^`, first] : [first, second];
    return { ...compareCommits(repo, repo.resolve(from), repo.resolve(to)), all: invocation.flag("files") };
  },
  render: ({ all, ...difference }, style) => renderCommitDifference(difference, all, style),
});
