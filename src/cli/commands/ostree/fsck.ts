// SPDX-License-Identifier: Apache-2.0
import type { FsckPhase, FsckResult, RepairReport } from "../../../ostree/index.ts";
import { defineCommand } from "../../command.ts";
import { checkRepairOptions, repairExitCode, repairOptions, repairText, runRepair } from "./fsck-repair.ts";
import { openRepo, repoOption } from "./open-repo.ts";

interface Checked {
  /** What was looked at, in stock's words. */
  readonly phases: readonly string[];
  /** Absent when the refs were found so wrong that nothing else was looked at. */
  readonly result?: FsckResult;
  readonly repaired?: RepairReport;
  readonly quiet: boolean;
  readonly addTombstones: boolean;
}

export default defineCommand<Checked>({
  path: ["ostree", "fsck"],
  summary: "Check the repository for consistency",
  json: true,
  description:
    "Every object is read and compared with its checksum, also those that no commit needs. Damaged objects are removed with --delete; the commits that lack them are then partial, and a pull fetches what is missing.",
  examples: [
    { command: "atomic ostree fsck --repair", text: "Fetch what is damaged from the remotes again" },
    {
      command: "atomic ostree fsck --repair --checkout=/ostree/deploy/os/deploy/CHECKSUM.0",
      text: "Without a network, from a deployment",
    },
  ],
  options: [
    repoOption,
    { name: "add-tombstones", help: "Add tombstones for missing commits" },
    { name: "quiet", short: "q", help: "Only print error messages" },
    { name: "all", short: "a", help: "Don't stop on first error" },
    { name: "delete", help: "Remove corrupted objects" },
    { name: "verify-bindings", help: "Verify ref bindings" },
    { name: "verify-back-refs", help: "Verify back-references (implies --verify-bindings)" },
    ...repairOptions,
  ],
  async run(invocation) {
    const { fsck, ostreeError } = await import("../../../ostree/index.ts");
    const repo = await openRepo(invocation);
    const addTombstones = invocation.flag("add-tombstones");
    const phases: string[] = [];
    const onPhase = (phase: FsckPhase, commits?: number) => phases.push(phaseTexts[phase](commits));
    const common = { phases, quiet: invocation.flag("quiet"), addTombstones };
    if (invocation.flag("repair")) return { ...common, repaired: await runRepair(invocation, onPhase) };
    checkRepairOptions(invocation);
    const options = {
      delete: invocation.flag("delete"),
      addTombstones,
      verifyBindings: invocation.flag("verify-bindings"),
      verifyBackRefs: invocation.flag("verify-back-refs"),
      onPhase,
    };
    try {
      const result = await fsck(repo, options, invocation.progress);
      process.stderr.write(problems(result, invocation.flag("all") || options.delete));
      return { ...common, result };
    } catch (error) {
      if (!ostreeError.is(error, "corrupt") && !ostreeError.is(error, "pull-refused")) throw error;
      process.stderr.write(`error: ${(error as Error).message}\n`);
      return common;
    }
  },
  render: ({ phases, result, repaired, quiet, addTombstones }) => {
    const lines = quiet ? [] : [...phases];
    if (repaired) return [...lines, repairText(repaired)].join("\n");
    if (!result) return lines.join("\n");
    if (addTombstones) lines.push(...result.tombstones.map((commit) => `Adding tombstone for commit ${commit}`));
    else if (result.partial > 0) lines.push(`${result.partial} partial commits not verified`);
    if (exitCode(result) === 0) {
      lines.push(`object fsck of ${result.commits} commits completed successfully - no errors found.`);
    }
    return lines.join("\n");
  },
  exitCode: ({ result, repaired }) => {
    if (repaired) return repairExitCode(repaired);
    return result ? exitCode(result) : 1;
  },
});

const phaseTexts: Readonly<Record<FsckPhase, (commits?: number) => string>> = {
  refs: () => "Validating refs...",
  collections: () => "Validating refs in collections...",
  commits: () => "Enumerating commits...",
  objects: (commits) => `Verifying content integrity of ${commits} commit objects...`,
};

function exitCode({ findings, fsckPartial }: FsckResult): number {
  return findings.length > 0 || fsckPartial > 0 ? 1 : 0;
}

/** What stock prints on standard error (fsck_one_object). @param goOn `--all` or `--delete`: damage is not the last word */
function problems({ findings, marked, fsckPartial, partial }: FsckResult, goOn: boolean): string {
  const damaged = findings.filter(({ problem }) => problem !== undefined);
  const last = goOn ? undefined : damaged.at(-1);
  const lines = findings.filter((finding) => finding !== last).map(findingText);
  lines.push(...marked.map((commit) => `Marking commit as partial: ${commit}`));
  if (last) lines.push(`error: ${findingText(last)}`);
  else if (findings.length > 0) lines.push("error: Repository corruption encountered");
  else if (fsckPartial > 0) lines.push(`error: ${partial} partial commits from fsck-detected corruption`);
  return lines.map((line) => `${line}\n`).join("");
}

function findingText({ checksum, type, problem, commits }: FsckResult["findings"][number]): string {
  const of = commits.join(", ");
  if (problem === undefined) {
    return of === "" ? `Object missing: ${checksum}.${type}` : `Object missing in commits ${of}: ${checksum}.${type}`;
  }
  const where = type === "file" ? `fsck content object ${checksum}` : `fsck ${checksum}.${type}`;
  return `${of === "" ? "" : `In commits ${of}: `}${where}: ${problem}`;
}
