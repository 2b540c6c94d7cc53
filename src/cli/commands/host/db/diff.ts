// SPDX-License-Identifier: Apache-2.0
import type { PackageChangelog } from "../../../../compose/index.ts";
import type { AdvisoryRow, Sysroot, VersionAdvisory } from "../../../../host/index.ts";
import type { Checksum, Repo } from "../../../../ostree/index.ts";
import type { PackageDiff, PackageDiffRow } from "../../../../packages/index.ts";
import { defineCommand, type Invocation } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { renderAdvisories } from "../../../render/advisories.ts";
import { formatTime } from "../../../render/columns.ts";
import { packageDiffLines, renderPackageDiff } from "../../../render/package-diff.ts";
import { openSysroot } from "../shared.ts";
import { openDbRepo, repoOption } from "./shared.ts";

/** One side of the comparison. */
interface Side {
  /** What it was called, or what it is on the host. */
  readonly name: string;
  readonly checksum: Checksum;
}

interface DiffReport {
  readonly "ostree-commit-from": string;
  readonly "ostree-commit-to": string;
  readonly pkgdiff: readonly PackageDiffRow[];
  readonly advisories: readonly AdvisoryRow[];
}

interface ShownDiff {
  readonly sides: readonly [Side, Side];
  readonly diff: PackageDiff;
  readonly format: string;
  readonly changelogs: readonly PackageChangelog[];
  /** Undefined where they were not asked for. */
  readonly advisories: readonly VersionAdvisory[] | undefined;
}

const formats = ["block", "diff", "json"];

export default defineCommand({
  path: ["host", "db", "diff"],
  summary: "Compare the packages of two commits",
  description:
    "Without arguments the running version is compared with the one that boots next, or the one before with the running one; with one argument, the running version with that commit or ref.",
  examples: [{ command: "atomic host db diff", text: "What the staged update changes:" }],
  arguments: [
    { name: "FROM", optional: true },
    { name: "TO", optional: true },
  ],
  options: [
    repoOption,
    { name: "sysroot", value: "PATH", help: "Take the deployments from this system root" },
    { name: "format", short: "F", value: "FORMAT", help: "block (default), diff or json" },
    { name: "changelogs", short: "c", help: "Also print what the upgraded packages tell of their changes" },
    { name: "advisories", short: "a", help: "Also print the advisories that are new, with their CVEs" },
    { name: "base", help: "Compare what packages were layered on, not the result" },
  ],
  json: true,
  async run(invocation): Promise<ShownDiff | DiffReport> {
    const format = invocation.flag("json") ? "json" : (invocation.value("format") ?? "block");
    if (!formats.includes(format))
      throw cliError("usage", "Format argument is invalid, pick one of: diff, block, json");
    if (format !== "block" && invocation.flag("changelogs"))
      throw cliError("usage", `${format} format and --changelogs not supported`);
    if (format === "diff" && invocation.flag("advisories"))
      throw cliError("usage", "diff format and --advisories not supported");
    const { repo, sides } = await openSides(invocation);
    const { advisoryRow, newAdvisories } = await import("../../../../host/index.ts");
    const { newChangelogs, treePackages } = await import("../../../../compose/index.ts");
    const { diffPackages, packageDiffRows } = await import("../../../../packages/index.ts");
    const [before, after] = sides.map(({ name, checksum }) => {
      const list = treePackages(repo, checksum);
      if (list === undefined) throw cliError("usage", `the packages of ${name} are not known`);
      return list;
    });
    const diff = diffPackages(before!, after!);
    const [from, to] = sides;
    const changelogs = invocation.flag("changelogs") ? newChangelogs(repo, from.checksum, to.checksum, diff) : [];
    const advisories = newAdvisories(repo, from.checksum, to.checksum);
    const asked = invocation.flag("advisories") ? advisories : undefined;
    if (format !== "json") return { sides, diff, format, changelogs, advisories: asked };
    return {
      "ostree-commit-from": from.checksum,
      "ostree-commit-to": to.checksum,
      pkgdiff: packageDiffRows(diff),
      advisories: advisories.map(advisoryRow),
    };
  },
  render(data, style) {
    if (!("sides" in data)) return JSON.stringify(data, undefined, 2);
    const [from, to] = data.sides;
    const title = ({ name, checksum }: Side) => (name === checksum ? name : `${name} (${checksum})`);
    return [
      `ostree diff commit from: ${title(from)}`,
      `ostree diff commit to:   ${title(to)}`,
      ...(data.format === "diff" ? packageDiffLines(data.diff) : renderPackageDiff(data.diff, style)),
      ...data.changelogs.flatMap(changelogLines),
      ...(data.advisories === undefined ? [] : renderAdvisories(data.advisories, style)),
    ].join("\n");
  },
});

function changelogLines({ name, entries }: PackageChangelog): string[] {
  return [
    `  Changes of ${name}`,
    ...entries.flatMap(({ version, author, time, text }) => [
      `    ${[version, time === undefined ? [] : formatTime(time).slice(0, 10), author].flat().join("  ")}`,
      ...text.split("\n").map((line) => `      ${line}`.trimEnd()),
    ]),
  ];
}

async function openSides(invocation: Invocation): Promise<{ repo: Repo; sides: readonly [Side, Side] }> {
  const [from, to] = invocation.args;
  if (from !== undefined && to !== undefined && !invocation.flag("sysroot")) {
    const repo = await openDbRepo(invocation);
    const side = (name: string): Side => ({ name, checksum: repo.resolve(name) });
    return { repo, sides: [side(from), side(to)] };
  }
  const sysroot = await openSysroot(invocation);
  const { repo } = sysroot;
  const side = (name: string): Side => ({ name, checksum: repo.resolve(name) });
  if (from !== undefined && to !== undefined) return { repo, sides: [side(from), side(to)] };
  const { baseCommit } = await import("../../../../host/index.ts");
  const base = (one: Side): Side =>
    invocation.flag("base") ? { ...one, checksum: baseCommit(repo, one.checksum) } : one;
  if (from !== undefined) return { repo, sides: [base(bootedSide(sysroot)), side(from)] };
  const [before, after] = hostSides(sysroot);
  return { repo, sides: [base(before), base(after)] };
}

function bootedSide(sysroot: Sysroot): Side {
  return { name: "booted deployment", checksum: sysroot.requireBooted().checksum };
}

function hostSides(sysroot: Sysroot): readonly [Side, Side] {
  const booted = bootedSide(sysroot);
  const { pending, rollback } = sysroot.pendingAndRollback(sysroot.requireBooted().stateroot);
  if (pending !== undefined) return [booted, { name: "pending deployment", checksum: pending.checksum }];
  if (rollback !== undefined) return [{ name: "rollback deployment", checksum: rollback.checksum }, booted];
  throw cliError("usage", "No pending or rollback deployment to diff against");
}
