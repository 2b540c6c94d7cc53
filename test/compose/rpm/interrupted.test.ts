// SPDX-License-Identifier: Apache-2.0
// Composes of RPM packages that are killed or run out of disk space leave the old release or the new one. Needs root.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { composeTree, loadTreefile } from "../../../src/compose/index.ts";
import { Repo } from "../../../src/ostree/index.ts";
import { makeRpms, tinyRpmBase } from "./rpms.ts";

/** Seconds that a scriptlet sleeps: a number that no other process on the machine has. */
const nap = `1.${process.pid}`;
const ref = "tiny/rpm";

let scratch: string;
before(() => {
  scratch = mkdtempSync(join(tmpdir(), "atomic-rpm-interrupted-"));
  const repository = join(scratch, "repository");
  mkdirSync(repository);
  makeRpms(repository, [
    ...tinyRpmBase(),
    { name: "large", files: { "/usr/share/large": Buffer.alloc(4 << 20, "large") } },
    { name: "lua", scripts: "%post -p <lua>\nio.open('/etc/by-lua', 'w'):close()" },
    { name: "slow", scripts: `%post\nbusybox sleep ${nap}; echo > /etc/by-slow` },
  ]);
  execFileSync("createrepo_c", ["-q", repository]);
  writeFileSync(join(scratch, "tiny.repo"), `[tiny]\nname=Tiny\nbaseurl=file://${repository}\ngpgcheck=0\n`);
});
after(() => rmSync(scratch, { recursive: true, force: true }));

function treefile(name: string, packages: string): string {
  const path = join(scratch, name);
  const head = `ref: ${ref}\nbasearch: x86_64\nrepos: [tiny]\nboot-location: modules\ntmp-is-dir: true\n`;
  writeFileSync(path, `${head}packages: [${packages}]\n`);
  return path;
}

function fsck(path: string): void {
  execFileSync("ostree", ["fsck", "-q", `--repo=${path}`]);
}

/** Nothing is mounted below the directory, and no scriptlet runs any more. */
async function requireNoLeftovers(directory: string): Promise<void> {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  assert.deepEqual(
    mounts.filter((line) => line.includes(`${directory}/`)),
    [],
  );
  // The kernel ends a sandbox after the one who started it.
  while (sleepers().length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}

function sleepers(): string[] {
  return readdirSync("/proc").filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, "latin1").includes(`sleep\0${nap}`);
    } catch {
      return false;
    }
  });
}

/** Steps with a delay may be over before. */
const steps: [step: string, delay?: number][] = [
  ["start packages.load"],
  ["start compose.import"],
  ["start compose.import", 300],
  ["steps compose.import"],
  ["end compose.import"],
  ["end compose.assemble"],
  ["start compose.scripts", 300],
  ["steps compose.scripts"],
  ["start compose.commit"],
  ["start compose.commit", 20],
];

test("a compose that is killed at any step leaves the old release, and the next one works", async () => {
  const before = join(scratch, "before");
  const after = join(scratch, "after");
  const [repository, cacheDir] = [join(after, "repo"), join(after, "cache")];
  const first = { repo: Repo.init(join(before, "repo"), "archive"), cacheDir: join(before, "cache") };
  const old = await composeTree({ treefile: loadTreefile(treefile("old.yaml", "shell")), ...first });
  const path = treefile("new.yaml", "shell, large, lua, slow");
  const child = join(import.meta.dirname, "interrupted-child.ts");
  for (const [step, delay] of steps) {
    rmSync(after, { recursive: true, force: true });
    execFileSync("cp", ["-a", before, after]);
    const args = [child, path, repository, cacheDir, step, String(delay ?? 0)];
    const options = ["--disable-warning=ExperimentalWarning", ...args];
    const { status, signal, stderr } = spawnSync(process.execPath, options, { encoding: "utf8" });
    if (signal === "SIGKILL" && step !== "start compose.commit") {
      assert.equal(Repo.open(repository).resolve(ref), old.commit, step);
    }
    if (delay === undefined) assert.equal(signal, "SIGKILL", `${step}: ${stderr}`);
    else assert.ok(signal === "SIGKILL" || status === 0, stderr);
    fsck(repository);
    fsck(join(cacheDir, "pkgrepo"));
    await requireNoLeftovers(cacheDir);
    await composeAgain(path, repository, cacheDir);
  }
});

/** The next run works, and clears up what the killed one left. */
async function composeAgain(path: string, repository: string, cacheDir: string): Promise<void> {
  const options = { treefile: loadTreefile(path), repo: Repo.open(repository), cacheDir, force: true };
  const { commit = "" } = await composeTree(options);
  assert.equal(options.repo.resolve(ref), commit);
  const listed = execFileSync("ostree", ["ls", `--repo=${repository}`, commit, "/usr/etc"], { encoding: "utf8" });
  assert.match(listed, /\/usr\/etc\/by-lua\n[^]*\/usr\/etc\/by-slow\n/);
  assert.ok(!existsSync(join(cacheDir, "work")));
  for (const one of [repository, join(cacheDir, "pkgrepo")]) {
    fsck(one);
    assert.deepEqual(
      readdirSync(join(one, "tmp")).filter((name) => name !== "cache" && !name.endsWith("-lock")),
      [],
    );
  }
}

test("a full disk is an error that says so, nothing is committed, and the next run works", async () => {
  const [cacheDir, repository] = ["full-cache", "full-repo"].map((name) => join(scratch, name));
  const wanted = loadTreefile(treefile("full.yaml", "shell, large, lua"));
  const mounted: string[] = [];
  /** Gives each directory more space until a compose goes through. @returns how often there was too little */
  const fill = async (directory: string, repo: () => Repo) => {
    let failures = 0;
    for (let megabytes = 2; ; megabytes += 2) {
      execFileSync("mount", ["-o", `remount,size=${megabytes}m`, directory]);
      try {
        await composeTree({ treefile: wanted, repo: repo(), cacheDir: cacheDir! });
        return failures;
      } catch (error) {
        assert.match((error as Error).message, /ENOSPC|No space left|no space|reserve/i);
        assert.deepEqual([...repo().listRefs()], []);
        failures++;
      }
    }
  };
  try {
    for (const directory of [cacheDir!, repository!]) {
      mkdirSync(directory);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "none", directory]);
      mounted.push(directory);
    }
    const roomy = Repo.init(join(scratch, "roomy"), "archive");
    assert.ok((await fill(cacheDir!, () => roomy)) >= 3);
    Repo.init(repository!, "bare-user");
    assert.ok((await fill(repository!, () => Repo.open(repository!))) >= 2);
    for (const path of [roomy.path, repository!, join(cacheDir!, "pkgrepo")]) fsck(path);
  } finally {
    for (const directory of mounted) execFileSync("umount", [directory]);
  }
});
