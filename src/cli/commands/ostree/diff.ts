// SPDX-License-Identifier: Apache-2.0
import type { Difference, DiffSide, Reachable as ReachableObjects, Repo } from "../../../ostree/index.ts";
import { lstatIfExists } from "../../../base/index.ts";
import { defineCommand } from "../../command.ts";
import { argument, integerOption, openRepo, repoOption } from "./open-repo.ts";
import { formatSize } from "../../render/columns.ts";

interface Compared {
  readonly differences: readonly Difference[];
  /** Which side is a directory on the disk: its paths are printed without their first slash (print_diff_item). */
  readonly bare: { readonly from: boolean; readonly to: boolean };
  readonly stats?: { readonly a: number; readonly b: number; readonly common: number; readonly commonSize: number };
}

export default defineCommand<Compared>({
  path: ["ostree", "diff"],
  summary: "Compare directory TARGETDIR against revision REV",
  json: true,
  arguments: [
    { name: "REV_OR_DIR", optional: true },
    { name: "REV_OR_DIR", optional: true },
  ],
  options: [
    repoOption,
    { name: "stats", help: "Print various statistics" },
    { name: "fs-diff", help: "Print filesystem diff" },
    { name: "no-xattrs", help: "Skip output of extended attributes" },
    { name: "owner-uid", value: "UID", help: "Use file ownership user id for local files" },
    { name: "owner-gid", value: "GID", help: "Use file ownership group id for local files" },
  ],
  async run(invocation) {
    const first = argument(invocation, 0, "REV must be specified");
    const second = invocation.args[1];
    const [from, to] = second === undefined ? [`${first}^`, first] : [first, second];
    const { diffTrees } = await import("../../../ostree/index.ts");
    const repo = await openRepo(invocation);
    const [uid, gid] = [integerOption(invocation, "owner-uid"), integerOption(invocation, "owner-gid")];
    const owners = { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) };
    const options = { ...owners, xattrs: !invocation.flag("no-xattrs") };
    const stats = invocation.flag("stats");
    const differences =
      stats && !invocation.flag("fs-diff") ? [] : diffTrees(side(repo, from), side(repo, to), options);
    const bare = { from: "directory" in side(repo, from), to: "directory" in side(repo, to) };
    return { differences, bare, ...(stats ? { stats: await statistics(repo, from, to) } : {}) };
  },
  render({ differences, bare, stats }) {
    const letters = { modified: "M", removed: "D", added: "A" } as const;
    const lines = differences.map(({ kind, path }) => {
      const shown = (kind === "added" ? bare.to : bare.from) ? path.slice(1) : path;
      return `${letters[kind]}    ${shown}`;
    });
    if (stats) {
      lines.push(`[A] Object Count: ${stats.a}`, `[B] Object Count: ${stats.b}`);
      lines.push(`Common Object Count: ${stats.common}`, `Common Object Size: ${formatSize(stats.commonSize)}`);
    }
    return lines.join("\n");
  },
});

/** A directory is told from a revision by its slash, as stock does (parse_file_or_commit), or by being there. */
function side(repo: Repo, text: string): DiffSide {
  if (text.startsWith("/") || text.startsWith("./")) return { directory: text };
  if (repo.tryResolve(text) === undefined && lstatIfExists(text)?.isDirectory()) return { directory: text };
  return { repo, rev: text };
}

async function statistics(repo: Repo, from: string, to: string): Promise<NonNullable<Compared["stats"]>> {
  const { Reachable, reachableTypes } = await import("../../../ostree/index.ts");
  const [a, b] = [from, to].map((rev) => {
    const reachable = new Reachable(repo);
    reachable.addCommit(repo.resolve(rev));
    return reachable;
  }) as [ReachableObjects, ReachableObjects];
  const sizes = reachableTypes.flatMap((type) =>
    [...a.objects[type]]
      .filter((checksum) => b.objects[type].has(checksum))
      .map((checksum) => lstatIfExists(repo.objectPath(checksum, type))?.size ?? 0),
  );
  return { a: a.size, b: b.size, common: sizes.length, commonSize: sizes.reduce((sum, size) => sum + size, 0) };
}
