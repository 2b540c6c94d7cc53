// SPDX-License-Identifier: Apache-2.0
/** The records of `judged/` are what Docker Compose of Debian trixie prints, and it refuses what is in `refused/`. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { directory, judged, recordOf, refused } from "./canonical.ts";

const scratch = mkdtempSync(join(tmpdir(), "atomic-docker-compose-"));
after(() => rmSync(scratch, { recursive: true }));

/** The program from its Debian package, which cannot be installed beside an older release's. */
function dockerCompose(): string {
  for (const name of ["state/lists/partial", "cache/archives/partial", "parts"])
    mkdirSync(join(scratch, name), { recursive: true });
  const list = join(scratch, "sources.list");
  writeFileSync(list, "deb http://deb.debian.org/debian trixie main\n");
  const options = [
    `Dir::Etc::sourcelist=${list}`,
    `Dir::Etc::sourceparts=${scratch}/parts`,
    `Dir::State=${scratch}/state`,
    `Dir::State::status=/var/lib/dpkg/status`,
    `Dir::Cache=${scratch}/cache`,
  ].flatMap((option) => ["-o", option]);
  const quietly = { cwd: scratch, stdio: "ignore" } as const;
  execFileSync("apt-get", [...options, "update"], quietly);
  execFileSync("apt-get", [...options, "download", "docker-compose"], quietly);
  const [archive = ""] = globSync("docker-compose_*.deb", { cwd: scratch });
  execFileSync("dpkg-deb", ["-x", archive, "root"], quietly);
  return join(scratch, "root/usr/libexec/docker/cli-plugins/docker-compose");
}

test("the records are what Docker Compose prints", () => {
  const program = dockerCompose();
  const config = (path: string) => {
    const options = {
      cwd: directory,
      encoding: "utf8",
      env: { PATH: process.env["PATH"] ?? "", HOME: scratch },
    } as const;
    return spawnSync(program, ["-f", path, "config", "--format", "json"], options);
  };
  for (const path of judged) {
    const { status, stdout, stderr } = config(path);
    assert.equal(status, 0, `${path}: ${stderr}`);
    const printed: unknown = JSON.parse(stdout.replaceAll(directory, "@DIRECTORY@"));
    if (process.argv.includes("--record")) writeFileSync(recordOf(path), JSON.stringify(printed, undefined, 2));
    assert.deepEqual(printed, JSON.parse(readFileSync(recordOf(path), "utf8")), path);
  }
  for (const path of refused) assert.notEqual(config(path).status, 0, path);
});
