// SPDX-License-Identifier: Apache-2.0
/** What dnf and rpm make of the hand-written packages: what a composer's tree is to be like. */
import assert from "node:assert/strict";
import { cpSync, lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { run } from "../../src/base/index.ts";
import { DnfJudge } from "./dnf-judge.ts";
import { defaultCache, makeDistribution } from "./make-distribution.ts";
import type { Distribution } from "./model.ts";
import { featurePackages } from "./sizes.ts";

let scratch: string;
let distribution: Distribution;
let judge: DnfJudge;

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), "atomic-features-"));
  distribution = await makeDistribution(join(scratch, "distribution"), { size: "features" });
  judge = new DnfJudge(join(scratch, "judge"), distribution);
  await judge.install(featurePackages);
});
after(() => rmSync(scratch, { recursive: true, force: true }));

const at = (path: string) => join(judge.root, path);
const read = (path: string) => readFileSync(at(path), "utf8");
const mode = (path: string) => lstatSync(at(path)).mode & 0o7777;

test("built again from nothing, the packages and the repository are the same to the last byte", async () => {
  const cacheDir = join(scratch, "other-cache");
  cpSync(join(defaultCache(), "gnupg"), join(cacheDir, "gnupg"), { recursive: true });
  const again = await makeDistribution(join(scratch, "again"), { size: "features", cacheDir });
  const sums = async ({ repo }: Distribution) => {
    const { stdout } = await run("sh", ["-c", "find . -type f | sort | xargs sha256sum"], { cwd: repo });
    return stdout.split("\n");
  };
  assert.deepEqual(await sums(again), await sums(distribution));
});

test("rich and weak dependencies choose what dnf chooses", async () => {
  const installed = (await judge.rpm("-qa", "--qf", "%{NAME}\\n"))
    .split("\n")
    .filter((name) => name.startsWith("feature-"));
  const chosen = "always yes one versioned recommended supplement".split(" ").map((name) => `feature-${name}`);
  assert.deepEqual(installed.sort(), [...featurePackages, ...chosen].sort());
  assert.match(
    await judge.dnf("install", "--assumeno", "feature-old").catch(String),
    /feature-relations|Nothing to do/,
  );
  assert.match(await judge.dnf("install", "feature-conflicting").catch(String), /conflicts with feature-conflicting/);
});

test("files have the modes, owners, capabilities and links of their package", async () => {
  assert.equal(mode("usr/bin/feature-setuid"), 0o4755);
  assert.equal(mode("usr/bin/feature-setgid"), 0o2755);
  const { stdout } = await run("getfattr", [
    "--absolute-names",
    "-n",
    "security.capability",
    at("usr/bin/feature-caps"),
  ]);
  assert.match(stdout, /security\.capability=/);
  const [first, second] = ["first", "second"].map((name) => lstatSync(at(`usr/lib/feature-files/${name}`)));
  assert.deepEqual([first?.ino, first?.nlink], [second?.ino, 3]);
  assert.equal(readlinkSync(at("usr/lib/feature-files/dangling")), "nowhere");
  assert.equal(read("usr/lib/feature-files/a name with  blanks, [brackets] and ünïcode"), "odd\n");
  const { uid, gid } = lstatSync(at("usr/lib/feature-accounts/mine"));
  assert.deepEqual([uid, gid], [701, 700]);
  assert.deepEqual(readdirSync(at("etc/feature-files")), ["config", "noreplace"], "ghosts are not laid down");
});

test("scriptlets and triggers in Lua run, in their order", () => {
  assert.deepEqual(read("usr/lib/feature-lua/log").split("\n"), [
    "pre 1",
    "post 1 regular rw-r--r-- 8",
    "vercmp -1 1",
    "expand defined",
    "readlink shipped",
    "dir .,..,directory,link,log,shipped",
    "access nil",
    "missing",
    "files 6",
    "posttrans 1",
    "",
  ]);
  assert.deepEqual(readdirSync(at("usr/lib/feature-lua")).sort(), ["log", "renamed", "shipped"]);
  const data = "/usr/share/feature-triggers/data";
  assert.ok(read("usr/lib/feature-triggers/all").includes(data));
  assert.ok(read("usr/lib/feature-triggers/each").includes(data));
  assert.equal(read("usr/lib/feature-triggers/package"), "feature-files 1 1\n");
});

test("rpm finds nothing wrong", async () => {
  assert.deepEqual(await judge.verify(), []);
});

test("of two programs at one path the one for the machine's own word size stays", async () => {
  const both = new DnfJudge(join(scratch, "multilib"), distribution);
  await both.install(["feature-multilib.x86_64", "feature-multilib.i686"]);
  const { code } = await run(join(both.root, "usr/bin/feature-multilib"), [], { accept: [64, 32] });
  assert.equal(code, 64);
  assert.deepEqual(await both.verify(), []);
});

test("a package that obsoletes another is installed in its place", async () => {
  const other = new DnfJudge(join(scratch, "obsoletes"), distribution);
  await other.install(["feature-old"]);
  assert.match(await other.rpm("-q", "feature-relations"), /^feature-relations-2\.0~rc1-1/);
});
