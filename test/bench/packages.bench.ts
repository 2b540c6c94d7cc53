// SPDX-License-Identifier: Apache-2.0
/**
 * Resolving the container host against `apt-get --simulate`, both from their caches; reading its packages against
 * `dpkg-deb`. Input: Debian 13 from the real archive.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AptJudge } from "../packages/apt-judge.ts";
import { containerHost, trixie } from "../packages/deb/requests.ts";
import { compare, heading } from "./compare.ts";

const work = mkdtempSync(join(tmpdir(), "atomic-bench-packages-"));
const driver = ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "packages-driver.ts")];
const cache = join(work, "cache");

try {
  const output = execFileSync(process.execPath, [...driver, "solve", cache, "download"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const debs = output.toString().trim().split("\n");
  await AptJudge.make(join(work, "apt"), trixie);

  heading("apt-get");
  compare({
    name: "load 71,000 packages, resolve 160",
    ours: { command: process.execPath, args: [...driver, "solve", cache] },
    theirs: {
      command: "apt-get",
      args: ["install", "--simulate", "--no-install-recommends", ...containerHost],
      env: { APT_CONFIG: join(work, "apt/apt.conf"), LC_ALL: "C" },
    },
    runs: 5,
  });

  heading("dpkg-deb");
  compare({
    name: `expand ${debs.length} packages, one thread`,
    ours: { command: process.execPath, args: [...driver, "expand", ...debs] },
    theirs: {
      command: "sh",
      args: ["-c", 'for deb; do dpkg-deb --fsys-tarfile "$deb" | tar -t >/dev/null; done', "sh", ...debs],
    },
  });
} finally {
  rmSync(work, { recursive: true, force: true });
}
