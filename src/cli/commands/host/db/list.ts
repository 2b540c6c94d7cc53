// SPDX-License-Identifier: Apache-2.0
import { fnmatchPattern } from "../../../../base/index.ts";
import type { PackageId } from "../../../../packages/index.ts";
import { defineCommand } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { nevra } from "../../../render/package-diff.ts";
import { openDbRepo, repoOption } from "./shared.ts";

interface Listed {
  readonly rev: string;
  readonly checksum: string;
  readonly packages: readonly PackageId[];
}

export default defineCommand({
  path: ["host", "db", "list"],
  summary: "List the packages of commits",
  description:
    "REV is a commit or ref of the repository; the words after the last one are names of packages, in which * and ? stand for any characters.",
  examples: [{ command: "atomic host db list site:debian/13/x86_64/container-host 'podman*'", text: "Some:" }],
  arguments: [{ name: "REV" }, { name: "REV|PACKAGE", optional: true, repeat: true }],
  options: [repoOption],
  json: true,
  async run(invocation): Promise<readonly Listed[]> {
    const repo = await openDbRepo(invocation);
    const { treePackages } = await import("../../../../compose/index.ts");
    const { args } = invocation;
    const found = args.findIndex((word) => !revision.test(word) || repo.tryResolve(word) === undefined);
    const end = found < 0 ? args.length : found;
    if (end === 0) throw cliError("usage", `${args[0]} is no commit or ref of ${repo.path}`);
    const patterns = args.slice(end).map(fnmatchPattern);
    return args.slice(0, end).map((rev): Listed => {
      const checksum = repo.resolve(rev);
      const all = treePackages(repo, checksum)?.packages;
      if (all === undefined) throw cliError("usage", `the packages of ${rev} are not known`);
      const wanted = ({ name }: PackageId) => patterns.length === 0 || patterns.some((pattern) => pattern.test(name));
      return { rev, checksum, packages: all.filter(wanted).toSorted((a, b) => (nevra(a) < nevra(b) ? -1 : 1)) };
    });
  },
  render: (lists) =>
    lists
      .flatMap(({ rev, checksum, packages }) => [
        rev === checksum ? `ostree commit: ${rev}` : `ostree commit: ${rev} (${checksum})`,
        ...packages.map((one) => ` ${nevra(one)}`),
      ])
      .join("\n"),
});

/** What can be a ref or a commit: a pattern cannot. */
const revision = /^\w[-.\w/:^]*$/;
