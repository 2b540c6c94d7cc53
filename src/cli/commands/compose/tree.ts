// SPDX-License-Identifier: Apache-2.0
import type { ComposeResult, Treefile } from "../../../compose/index.ts";
import { defineCommand } from "../../command.ts";
import { renderComposed } from "../../render/compose.ts";
import { openTreefile } from "./shared.ts";
import {
  commitOptions,
  installOptions,
  leaveMarks,
  openRepo,
  readCommitOptions,
  readInstallOptions,
} from "./tree-options.ts";

export default defineCommand<ComposeResult | Treefile["flattened"]>({
  path: ["compose", "tree"],
  summary: "Compose a tree from a treefile and commit it",
  description:
    "Chooses the packages, imports those that are new, runs their maintainer scripts in a sandbox, makes the initramfs, " +
    "gives the tree the shape of a deployment and commits it to the treefile's ref. Nothing is done when nothing changed.",
  examples: [
    {
      command: "atomic compose tree examples/debian-container-host.yaml --repo=repo",
      text: "Compose a container host",
    },
    { command: "atomic compose tree host.yaml --repo=repo --dry-run", text: "See which packages it would have" },
  ],
  arguments: [{ name: "TREEFILE" }],
  options: [
    ...installOptions,
    ...commitOptions,
    { name: "unchanged-exit-77", help: "Exit with 77 when nothing changed" },
    { name: "postprocess", hidden: true, help: "Taken for rpm-ostree's sake: a commit is always postprocessed" },
  ],
  json: true,
  async run(invocation) {
    const written = await openTreefile(invocation);
    const treefile = invocation.flag("disable-selinux") ? { ...written, selinux: false } : written;
    if (invocation.flag("print-only")) return treefile.flattened;
    const { composeTree } = await import("../../../compose/index.ts");
    const repo = await openRepo(invocation);
    const options = { ...(await readInstallOptions(invocation, repo)), ...readCommitOptions(invocation, repo) };
    const result = await composeTree({ ...options, treefile, repo }, invocation.progress);
    await leaveMarks(invocation, repo, result);
    return result;
  },
  render: (result) => (isComposed(result) ? renderComposed(result) : JSON.stringify(result, undefined, 2)),
  exitCode: (result, invocation) =>
    isComposed(result) && !result.changed && invocation.flag("unchanged-exit-77") ? 77 : 0,
});

function isComposed(result: ComposeResult | Treefile["flattened"]): result is ComposeResult {
  return "inputHash" in result;
}
