// SPDX-License-Identifier: Apache-2.0
import type { CommitRootResult } from "../../../compose/index.ts";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { renderComposed } from "../../render/compose.ts";
import { openTreefile } from "./shared.ts";
import { commitRootOptions, leaveMarks, openRepo, readCommitOptions, sourceDate } from "./tree-options.ts";

export default defineCommand<CommitRootResult>({
  path: ["compose", "commit"],
  summary: "Commit a directory to a treefile's ref",
  description:
    "The last step of a compose in steps: postprocesses the directory unless it was, labels it by its own SELinux policy and " +
    "commits it. A version comes from --add-metadata-string=version=VERSION only.",
  examples: [
    {
      command: "atomic compose commit host.yaml work/rootfs --repo=repo --add-metadata-string=version=7",
      text: "Commit what `compose install` made",
    },
  ],
  arguments: [{ name: "TREEFILE" }, { name: "ROOTFS" }],
  options: commitRootOptions,
  json: true,
  async run(invocation) {
    const treefile = await openTreefile(invocation);
    const [, rootfs] = invocation.args;
    if (rootfs === undefined) throw cliError("usage", "no ROOTFS given");
    const { commitRoot } = await import("../../../compose/index.ts");
    const repo = await openRepo(invocation);
    const options = { ...readCommitOptions(invocation, repo), ...sourceDate(), treefile, repo, rootfs };
    const result = await commitRoot(options, invocation.progress);
    await leaveMarks(invocation, repo, result);
    return result;
  },
  render: renderComposed,
});
