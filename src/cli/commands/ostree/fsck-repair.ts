// SPDX-License-Identifier: Apache-2.0
/** `fsck --repair`: what stock does not have. */
import type { FsckPhase, RepairReport } from "../../../ostree/index.ts";
import type { Invocation, OptionDeclaration } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { openRepo } from "./open-repo.ts";

export const repairOptions: readonly OptionDeclaration[] = [
  { name: "repair", help: "Bring back what is damaged or missing: from --source, --checkout, deltas, and remotes" },
  { name: "remote", value: "NAME", repeat: true, help: "With --repair, fetch from this remote and no other" },
  { name: "source", value: "REPO", repeat: true, help: "With --repair, copy from this repository first" },
  {
    name: "checkout",
    value: "PATH",
    repeat: true,
    help: "With --repair, rebuild objects from this checkout or deployment",
  },
];

export async function runRepair(
  invocation: Invocation,
  onPhase: (phase: FsckPhase, commits?: number) => void,
): Promise<RepairReport> {
  for (const name of ["delete", "add-tombstones"]) {
    if (invocation.flag(name)) throw cliError("usage", `Cannot specify both --repair and --${name}`);
  }
  const { findRemote, repair, Repo } = await import("../../../ostree/index.ts");
  const repo = await openRepo(invocation);
  const remotes = invocation.values("remote");
  for (const name of remotes) findRemote(repo, name);
  const options = {
    onPhase,
    ...(remotes.length > 0 ? { remotes } : {}),
    sources: invocation.values("source").map((path) => Repo.open(path)),
    checkouts: invocation.values("checkout"),
  };
  return repair(repo, options, invocation.progress);
}

export function checkRepairOptions(invocation: Invocation): void {
  const given = ["remote", "source", "checkout"].find((name) => invocation.flag(name));
  if (given !== undefined) throw cliError("usage", `--${given} requires --repair`);
}

export function repairText({ repaired, unrepaired, unneeded, failures }: RepairReport): string {
  const lines = repaired.map(({ checksum, type, from }) => `Repaired ${checksum}.${type} from ${from}`);
  for (const { checksum, type, problem, commits } of unrepaired) {
    const of = commits.length > 0 ? ` of commits ${commits.join(", ")}` : "";
    lines.push(`Cannot repair ${problem === undefined ? "missing" : "damaged"} ${checksum}.${type}${of}`);
  }
  lines.push(...unneeded.map(({ checksum, type }) => `Damaged, but no commit needs it: ${checksum}.${type}`));
  if (unrepaired.length > 0) lines.push(...failures.map(({ from, problem }) => `Tried ${from}: ${problem}`));
  lines.push(summary(repaired.length, unrepaired.length, unneeded.length));
  return lines.join("\n");
}

function summary(repaired: number, unrepaired: number, unneeded: number): string {
  if (repaired + unrepaired + unneeded === 0) return "Nothing to repair.";
  const left = unrepaired > 0 ? `, ${unrepaired} could not be: a pull from where they came from may` : "";
  const useless = unneeded > 0 ? `; prune deletes the ${unneeded} that no commit needs` : "";
  return `${repaired} ${repaired === 1 ? "object" : "objects"} repaired${left}${useless}.`;
}

export function repairExitCode({ unrepaired }: RepairReport): number {
  return unrepaired.length > 0 ? 1 : 0;
}
