// SPDX-License-Identifier: Apache-2.0
/** A composed tree is what dnf lays down, apart from where a deployment has things. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { run } from "../../src/base/index.ts";
import { type ComposeResult, composeTree, loadTreefile } from "../../src/compose/index.ts";
import { Repo } from "../../src/ostree/index.ts";
import { describeTree, differences } from "./compare-trees.ts";
import { DnfJudge } from "./dnf-judge.ts";
import { makeDistribution } from "./make-distribution.ts";
import type { Distribution } from "./model.ts";
import { featurePackages, packageLists } from "./sizes.ts";

let scratch: string;
let distribution: Distribution;
let repo: Repo;
let first: ComposeResult;
let root: string;

const compose = (treefile: string, into: Repo, cache: string) =>
  composeTree({ treefile: loadTreefile(treefile), repo: into, cacheDir: join(scratch, cache) });

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), "atomic-compose-"));
  distribution = await makeDistribution(join(scratch, "distribution"), { size: "base" });
  repo = Repo.init(join(scratch, "repo"), "bare");
  first = await compose(distribution.treefile, repo, "cache");
  root = join(scratch, "root");
  await run("ostree", ["checkout", `--repo=${repo.path}`, first.commit ?? "", root]);
});
after(() => rmSync(scratch, { recursive: true, force: true }));

/** Where a deployment has a path of an ordinary root; `undefined` for what is not in the release. */
function inDeployment(path: string): string | undefined {
  if (/^(boot|dev|home|media|mnt|proc|root|run|srv|sys|tmp|var|usr\/local)(\/|$)/.test(path)) return undefined;
  return path.replace(/^etc(?=\/|$)/, "usr/etc").replace(/^opt(?=\/|$)/, "usr/lib/opt");
}

/** What dnf and the layout of a deployment each make of their own. */
const own = new RegExp(
  [
    "^(bin|sbin|lib|lib64|ostree|sysroot|opt|boot|dev|home|media|mnt|proc|root|run|srv|sys|tmp|var|usr/local)$",
    "^usr/etc/(dnf(/.*)?|machine-id|\\.pwd\\.lock|ld\\.so\\.cache|(passwd|group|shadow|gshadow)-?|nsswitch\\.conf)$",
    "^usr/lib/(sysimage|rpm-ostree|tmpfiles\\.d|rpm|sysusers\\.d/atomic-accounts\\.conf)(/|$)",
    "^usr/lib/(passwd|group|os-release|opt)$",
    "^usr/share/(rpm|rpm-ostree)(/|$)",
    // rpm-ostree does not run bash's %post, which makes this link.
    "^usr/share/man/man7/builtins\\.7\\.gz$",
  ].join("|"),
);

test("the distribution has at least 25 packages", () => {
  assert.ok(first.packages.length >= 25, String(first.packages.length));
});

test("files, modes, owners, capabilities and contents are those that dnf lays down", async () => {
  const judge = new DnfJudge(join(scratch, "judge"), distribution);
  await judge.dnf("--setopt=install_weak_deps=0", "install", ...packageLists.base, ...featurePackages);
  const expected = describeTree(judge.root, inDeployment);
  assert.ok(expected.size > 1000, `${expected.size} paths`);
  const actual = describeTree(root, (path) => path);
  assert.deepEqual(
    differences(expected, actual).filter((line) => !own.test(line.slice(2).split(": ")[0]!)),
    [],
  );
});

test("rpm reads the release's database", async () => {
  const { stdout } = await run("rpm", [`--root=${root}`, "--dbpath=/usr/share/rpm", "-qa", "--qf", "%{NAME}\\n"]);
  assert.deepEqual(stdout.trim().split("\n").sort(), first.packages.map(({ name }) => name).sort());
});

test("rpm finds every file as its package says, apart from where a deployment has things", async () => {
  // A deployment's /etc is made of this when it is deployed.
  await run("ln", ["-s", "usr/etc", join(root, "etc")]);
  const { stdout } = await run("rpm", [`--root=${root}`, "--dbpath=/usr/share/rpm", "-Va", "--nomtime"], {
    accept: [0, 1],
  });
  rmSync(join(root, "etc"));
  const differing = stdout.split("\n").flatMap((line) => {
    const path = /^.{9}(?: . )? *(\/.*)$/.exec(line)?.[1] ?? /^missing +(?:. )?(\/.*?)(?: \(.*\))?$/.exec(line)?.[1];
    // /opt leads to /var, and its files are linked there when the host boots.
    if (path === undefined || path.startsWith("/opt") || inDeployment(path.slice(1)) === undefined) return [];
    return [line];
  });
  assert.deepEqual(differing, []);
});

test("the shell of the tree runs", async () => {
  const { stdout } = await run("chroot", [root, "/bin/bash", "-c", "echo $((6 * 7)); type awk"]);
  assert.match(stdout, /^42\nawk is \/usr\/bin\/awk$/m);
});

test("composed again from nothing, the commit is the same; with nothing changed, none is made", async () => {
  const again = await compose(distribution.treefile, repo, "cache");
  assert.equal(again.changed, false);
  const other = await compose(distribution.treefile, Repo.init(join(scratch, "other"), "archive"), "other-cache");
  assert.equal(other.commit, first.commit);
});

test("a package in a newer build is in the next commit, and only it is imported", async () => {
  const newer = await makeDistribution(join(scratch, "newer"), { size: "base", rebuilt: ["sed"] });
  const next = await compose(newer.treefile, repo, "cache");
  const versions = (result: ComposeResult) => result.packages.map(({ name, version }) => `${name} ${version}`);
  const changed = versions(next).filter((line) => !versions(first).includes(line));
  assert.equal(changed.length, 1);
  assert.match(changed[0]!, /^sed .*\+again1$/);
});
