// SPDX-License-Identifier: Apache-2.0
/**
 * Loading the metadata of a repository of 60,000 packages against `dnf makecache` (primary and filelists into a cache) and
 * libsolv's `rpmmd2solv` (primary alone); and the same from the cache against dnf's query.
 */
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compare, heading } from "./compare.ts";
import { writeSyntheticRepository } from "./synthetic-repository.ts";

const work = mkdtempSync(join(tmpdir(), "atomic-bench-repomd-"));
const repository = join(work, "repository");
const cache = join(work, "cache");
const dnfCache = join(work, "dnf");
const driver = [
  "--disable-warning=ExperimentalWarning",
  join(import.meta.dirname, "repomd-driver.ts"),
  repository,
  cache,
];
const path = "/usr/share/doc/libpart0/html/chapter-3/the-3.html";
const dnf = [
  `--setopt=cachedir=${dnfCache}`,
  "--setopt=reposdir=/nonexistent",
  `--repofrompath=s,file://${repository}`,
  "--releasever=1",
];

try {
  writeSyntheticRepository(repository, 60_000);
  const primary = globSync(join(repository, "repodata/*-primary.xml.gz"))[0]!;
  const empty = () => {
    rmSync(cache, { recursive: true, force: true });
    rmSync(dnfCache, { recursive: true, force: true });
  };

  heading("rpmmd2solv");
  compare({
    name: "primary.xml of 60,000 packages",
    ours: { command: process.execPath, args: driver },
    theirs: { command: "sh", args: ["-c", 'gzip -dc "$0" | rpmmd2solv >/dev/null', primary] },
    prepare: empty,
  });

  heading("dnf");
  compare({
    name: "makecache: primary and filelists",
    ours: { command: process.execPath, args: [...driver, path] },
    theirs: { command: "dnf", args: ["-q", ...dnf, "makecache"] },
    prepare: empty,
  });
  compare({
    name: "from the cache: one name",
    ours: { command: process.execPath, args: driver },
    theirs: { command: "dnf", args: ["-q", "-C", ...dnf, "repoquery", "libpart0"] },
  });
  compare({
    name: "from the cache: who has a file",
    ours: { command: process.execPath, args: [...driver, path] },
    theirs: { command: "dnf", args: ["-q", "-C", ...dnf, "repoquery", "--file", path] },
  });
} finally {
  rmSync(work, { recursive: true, force: true });
}
