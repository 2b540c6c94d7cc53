// SPDX-License-Identifier: Apache-2.0
import type { PruneResult } from "../../../ostree/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { integerOption, openRepo, repoOption } from "./open-repo.ts";
import { formatSize } from "../../render/columns.ts";

interface Pruned extends PruneResult {
  readonly noPrune: boolean;
  readonly commitOnly: boolean;
}

export default defineCommand<Pruned>({
  path: ["ostree", "prune"],
  summary: "Search for unreachable objects",
  json: true,
  examples: [{ command: "atomic ostree prune --refs-only --depth=2", text: "Keep three commits of each ref" }],
  options: [
    repoOption,
    { name: "no-prune", help: "Only display unreachable objects; don't delete" },
    { name: "refs-only", help: "Only compute reachability via refs" },
    {
      name: "depth",
      value: "DEPTH",
      help: "Only traverse DEPTH parents for each commit (default: -1=infinite)",
    },
    { name: "delete-commit", value: "COMMIT", help: "Specify a commit to delete" },
    { name: "keep-younger-than", value: "DATE", help: "Prune all commits older than the specified date" },
    { name: "static-deltas-only", help: "With --delete-commit, delete the static deltas to it and not the commit" },
    {
      name: "retain-branch-depth",
      value: "BRANCH=DEPTH",
      repeat: true,
      help: "Additionally retain BRANCH=DEPTH commits",
    },
    { name: "only-branch", value: "BRANCH", repeat: true, help: "Only prune BRANCH (may be specified multiple times)" },
    { name: "commit-only", help: "Only traverse and delete commit objects." },
  ],
  async run(invocation) {
    const noPrune = invocation.flag("no-prune");
    const commitOnly = invocation.flag("commit-only");
    const doomed = invocation.value("delete-commit");
    if (doomed !== undefined && noPrune) {
      throw cliError("usage", "Cannot specify both --delete-commit and --no-prune");
    }
    const deltasOnly = invocation.flag("static-deltas-only");
    if (deltasOnly && doomed === undefined) {
      // https://github.com/ostreedev/ostree/issues/1479
      throw cliError("usage", "--static-deltas-only requires --delete-commit");
    }
    const { asChecksum, deleteCommit, parseDate, prune, pruneDeltas } = await import("../../../ostree/index.ts");
    const repo = await openRepo(invocation);
    if (doomed !== undefined) (deltasOnly ? pruneDeltas : deleteCommit)(repo, asChecksum(doomed));
    const date = invocation.value("keep-younger-than");
    const result = prune(
      repo,
      {
        noPrune,
        commitOnly,
        refsOnly: invocation.flag("refs-only"),
        depth: integerOption(invocation, "depth") ?? -1,
        ...(date === undefined ? {} : { keepYoungerThan: parseDate(date) }),
        ...branches(invocation),
      },
      invocation.progress,
    );
    return { ...result, noPrune, commitOnly };
  },
  render({ total, pruned, freed, noPrune, commitOnly }) {
    const lines = [commitOnly ? `Total (commit only) objects: ${total}` : `Total objects: ${total}`];
    if (pruned === 0) lines.push("No unreachable objects");
    else if (noPrune) lines.push(`Would delete: ${pruned} objects, freeing ${formatSize(freed)}`);
    else lines.push(`Deleted ${pruned} objects, ${formatSize(freed)} freed`);
    return lines.join("\n");
  },
});

function branches(invocation: Invocation) {
  const only = invocation.values("only-branch");
  const retained = invocation.values("retain-branch-depth").map(branchDepth);
  return {
    ...(only.length > 0 ? { onlyBranches: only } : {}),
    ...(retained.length > 0 ? { retainBranchDepth: new Map(retained) } : {}),
  };
}

function branchDepth(text: string): [string, number] {
  const equals = text.indexOf("=");
  if (equals < 0) throw cliError("usage", `Invalid value ${text}, must specify BRANCH=DEPTH`);
  const depth = text.slice(equals + 1);
  if (!/^[-+]?\d{1,9}/.test(depth)) throw cliError("usage", `Invalid depth ${depth}`);
  return [text.slice(0, equals), Number.parseInt(depth, 10)];
}
