// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export type DistributionSize = "features" | "base" | "host";

/** What each size has of Debian; what these depend on comes with them. */
export const packageLists: Readonly<Record<DistributionSize, readonly string[]>> = {
  features: [],
  base: "bash coreutils grep sed mawk dash libc-bin base-passwd systemd-standalone-sysusers".split(" "),
  host: [],
};

/** Writes a treefile that composes the distribution, and returns its path. */
export function writeTreefile(directory: string, size: DistributionSize, repository: string): string {
  const path = join(directory, "host.yaml");
  const text = `ref: test/x86_64/${size}
releasever: "1"
repos: [${repository}]
packages:
${packageLists[size].map((name) => `  - ${name}\n`).join("")}
selinux: false
`;
  writeFileSync(path, text);
  return path;
}
