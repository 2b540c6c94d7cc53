// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { defineCommand } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { openDbRepo, repoOption } from "./shared.ts";

export default defineCommand({
  path: ["host", "db", "version"],
  summary: "Print one value for all packages of a commit",
  description:
    "Two commits with the same value have the same packages: their number, and a digest of all names and versions.",
  examples: [{ command: "atomic host db version site:debian/13/x86_64/container-host", text: "Of a branch:" }],
  arguments: [{ name: "REV", repeat: true }],
  options: [repoOption],
  json: true,
  async run(invocation) {
    const repo = await openDbRepo(invocation);
    const { treePackages } = await import("../../../../compose/index.ts");
    return invocation.args.map((rev) => {
      const checksum = repo.resolve(rev);
      const packages = treePackages(repo, checksum)?.packages;
      if (packages === undefined) throw cliError("usage", `the packages of ${rev} are not known`);
      return { rev, checksum, rpmdbv: packagesVersion(packages) };
    });
  },
  render: (all) =>
    all
      .flatMap(({ rev, checksum, rpmdbv }) => [
        rev === checksum ? `ostree commit: ${rev}` : `ostree commit: ${rev} (${checksum})`,
        `  rpmdbv is: ${rpmdbv.padStart(66)}`,
      ])
      .join("\n"),
});

/** `COUNT:SHA-256` of all EPOCH:NAME-VERSION.ARCHITECTURE in name order (`rpmhdrs_rpmdbv`, `pkg_envra_strdup`). */
function packagesVersion(packages: readonly { name: string; version: string; architecture: string }[]): string {
  const hash = createHash("sha256");
  const sorted = packages.toSorted((a, b) => compare(a.name, b.name) || compare(a.version, b.version));
  for (const { name, version, architecture } of sorted) {
    const [, epoch = "", rest = version] = /^(\d+:)?(.*)$/s.exec(version) ?? [];
    hash.update(`${epoch}${name}-${rest}.${architecture}`);
  }
  return `${packages.length}:${hash.digest("hex")}`;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
