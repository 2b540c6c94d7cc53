// SPDX-License-Identifier: Apache-2.0
/**
 * Solving 99 requests on CentOS Stream 9 (1125 packages) against libsolv's `testsolv`, each in one process with its
 * repository loaded once. Input: ../shared/data.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compare, heading, root } from "./compare.ts";

const data = join(root, "../shared/data");
const repository = join(data, "rpm/repodata/centos-stream-9-baseos");
const work = mkdtempSync(join(tmpdir(), "atomic-bench-solver-"));

interface Judged {
  readonly specs: readonly string[];
  readonly weak: boolean;
  readonly exclude?: readonly string[];
}

function section({ specs, weak }: Judged): string {
  return [
    `solverflags allowvendorchange,keeporphans,bestobeypolicy,yumobsoletes,urpmreorder${weak ? "" : ",ignorerecommended"}`,
    ...specs.map((name) => `job install name ${name} [forcebest]`),
    "result transaction,problems <inline>",
  ].join("\n");
}

try {
  const primary = readdirSync(join(repository, "repodata")).find((name) => name.includes("primary.xml"))!;
  execFileSync("sh", [
    "-c",
    `zcat "$1" | rpmmd2solv > "$2"`,
    "sh",
    join(repository, "repodata", primary),
    join(work, "base.solv"),
  ]);
  const lines = readFileSync(join(data, "solver/centos-stream-9/jobs.jsonl"), "utf8").trim().split("\n");
  // testsolv has no word for excludes, files and globs; what is left are names.
  const jobs = lines
    .map((line) => JSON.parse(line) as Judged)
    .filter(({ specs, exclude }) => exclude === undefined && specs.every((name) => /^[\w+.-]+$/.test(name)));
  const head = [
    "repo system 0 empty",
    "repo base 0 solv base.solv",
    "system x86_64 rpm system",
    "poolflags implicitobsoleteusescolors,addfileprovidesfiltered",
  ];
  const ours = (file: string) => ({
    command: process.execPath,
    args: [
      "--disable-warning=ExperimentalWarning",
      join(import.meta.dirname, "solver-driver.ts"),
      repository,
      join(work, "cache"),
      join(work, file),
    ],
  });
  heading("testsolv");
  for (const [name, some] of [
    [`${jobs.length} requests`, jobs],
    ["1 request, with start", jobs.slice(0, 1)],
  ] as const) {
    const file = `${some.length}.json`;
    writeFileSync(join(work, file), JSON.stringify(some));
    const text = [...head, some.map(section).join("\nnextjob\n"), ""].join("\n");
    writeFileSync(join(work, `${some.length}.t`), text);
    compare({
      name,
      ours: ours(file),
      theirs: { command: "testsolv", args: ["-r", join(work, `${some.length}.t`)] },
      runs: 5,
    });
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
