// SPDX-License-Identifier: Apache-2.0
/**
 * A container host from the Debian mirror, against mmdebstrap with the same packages and `ostree commit`. Theirs has no
 * deployment's layout and no cache; ours has both. One run each: a run takes minutes, most of it in the packages'
 * scripts and in dracut, which both sides run.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { atomic, compare, heading, root } from "./compare.ts";

const work = mkdtempSync("/var/tmp/atomic-bench-");
const example = join(root, "examples/debian-container-host.yaml");
const more = join(work, "more.yaml");
const repo = join(work, "repo");
const cache = join(work, "cache");
const ours = (treefile: string) => ({
  command: atomic,
  args: ["compose", "tree", treefile, `--repo=${repo}`, `--cachedir=${cache}`, "--progress=none"],
});

/** Packages of the treefile, as mmdebstrap wants them. */
function packages(treefile: string): string {
  const options = ["compose", "resolve", treefile, `--cachedir=${join(work, "resolve")}`, "--json", "--progress=none"];
  const { packages } = JSON.parse(execFileSync(atomic, options, { encoding: "utf8", maxBuffer: 1 << 26 })) as {
    packages: { name: string }[];
  };
  return packages.map(({ name }) => name).join(",");
}

function theirs(treefile: string) {
  const tree = join(work, "tree");
  const sources = ["trixie main", "trixie-updates main"].map((suite) => `deb http://deb.debian.org/debian ${suite}`);
  const security = "deb http://deb.debian.org/debian-security trixie-security main";
  const lines = [...sources, security].map((line) => `'${line}'`).join(" ");
  const script = `set -e; rm -rf ${tree} ${work}/theirs; ostree init --repo=${work}/theirs --mode=archive
mmdebstrap --quiet --variant=essential --include=${packages(treefile)} trixie ${tree} ${lines}
rm -r ${tree}/dev
ostree commit --repo=${work}/theirs -b host --tree=dir=${tree} --selinux-policy=${tree}`;
  return { command: "sh", args: ["-c", script] };
}

try {
  writeFileSync(more, `include: ${example}\npackages: [strace]\n`);
  mkdirSync(cache);
  heading("mmdebstrap");
  compare({ name: "compose, empty caches", runs: 1, ours: ours(example), theirs: theirs(example) });
  compare({ name: "compose, one package more", runs: 1, ours: ours(more), theirs: theirs(more) });
} finally {
  rmSync(work, { recursive: true, force: true });
}
