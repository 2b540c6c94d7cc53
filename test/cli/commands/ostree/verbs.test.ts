// SPDX-License-Identifier: Apache-2.0
/** Runs the same command lines with stock `ostree` and with `atomic ostree`: output and exit code must be equal. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { removeTree, setXattr } from "../../../../src/base/index.ts";

const atomic = join(import.meta.dirname, "../../../../atomic");
const directory = mkdtempSync(join(tmpdir(), "verbs-"));
const tree = join(directory, "tree");

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly error: string;
}

function run(command: string, args: readonly string[], cwd = directory): Outcome {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, TZ: "UTC" },
  });
  return { status, stdout, error: stderr.split("\n").findLast((line) => line.startsWith("error:")) ?? "" };
}

/** Stock works on the repository `stock`, ours on `ours`. */
function both(args: readonly string[]): { stock: Outcome; ours: Outcome } {
  return {
    stock: run("ostree", ["--repo=stock", ...args]),
    ours: run(atomic, ["ostree", "--repo=ours", ...args]),
  };
}

/** Output, exit code and error line are the same. `sorted`: stock's order is that of a hash table. */
function same(line: string | readonly string[], sorted = false): void {
  const args = typeof line === "string" ? line.split(" ") : line;
  const { stock, ours } = both(args);
  const order = (text: string) => (sorted ? text.split("\n").sort().join("\n") : text);
  assert.deepEqual({ ...ours, stdout: order(ours.stdout) }, { ...stock, stdout: order(stock.stdout) }, args.join(" "));
}

/** Both fail; the wording may differ. */
function bothFail(line: string): void {
  const { stock, ours } = both(line.split(" "));
  assert.deepEqual([stock.status, ours.status], [1, 1], line);
  assert.match(ours.error, /^error: /, line);
}

before(() => {
  mkdirSync(join(tree, "sub"), { recursive: true });
  writeFileSync(join(tree, "hello"), "hello\n");
  symlinkSync("hello", join(tree, "link"));
  writeFileSync(join(tree, "sub/it's"), "x", { mode: 0o600 });
  chownSync(join(tree, "sub/it's"), 12, 13);
  setXattr(join(tree, "hello"), "user.a", Buffer.from("b"));
  same("init --mode=archive");
});
after(() => removeTree(directory));

test("commit: every way to give a tree, and its metadata", () => {
  same([
    "commit",
    "-b",
    "main",
    "--timestamp=2020-01-02 03:04:05 +0000",
    "-s",
    "Subject",
    "-m",
    "Body\ntwo",
    "--tree=dir=tree",
  ]);
  same([
    "commit",
    "--branch=main",
    "--timestamp=@1600000000",
    "--add-metadata-string=version=1.2",
    "--add-metadata=k='v'",
    "tree",
  ]);
  same("commit --orphan --timestamp=@5 --tree=dir=tree");
  same("commit --orphan --timestamp=@5 --tree=ref=main --bind-ref=zz --bind-ref=aa");
  same("commit -b owned --owner-uid=5 --owner-gid=6 --no-xattrs --timestamp=@7 --tree=dir=tree");
  same("commit -b canonical --canonical-permissions --timestamp=@8 --parent=none --no-bindings tree");
  same("commit -b main --keep-metadata=version --skip-if-unchanged tree");
  writeFileSync(join(directory, "modes"), "=384 /hello\n");
  same("commit -b modes --statoverride=modes --timestamp=@9 tree");
  writeFileSync(join(directory, "skipped"), "/sub\n");
  same("commit -b skip --skip-list=skipped --timestamp=@3 tree");
  same("commit --timestamp=@1 tree");
  same("commit -b x --timestamp=garbage tree");
  bothFail("commit -b x --tree=dir=missing");
});

test("refs, rev-parse, reset", () => {
  same("refs", true);
  same("refs --list main");
  same("refs --create=a/b main");
  same("refs --create=a/b main");
  same("refs a");
  same("refs --list a");
  same("refs --delete");
  same("refs --delete a");
  const odd = ["stock", "ours"].map((repo) => join(directory, repo, "refs/heads/odd"));
  for (const path of odd) writeFileSync(path, "no checksum\n");
  same("refs", true);
  for (const path of odd) rmSync(path);
  same("rev-parse main");
  same("rev-parse main^ owned");
  same("rev-parse nope");
  same("rev-parse main^^");
  same("rev-parse");
  same("rev-parse -S");
  same("reset main main^");
  same("reset main main^^");
  same("reset nope main");
});

test("ls, cat, show, log, diff", () => {
  for (const options of ["", " -RCX", " -d", " -R --nul-filenames-only"]) same(`ls${options} main`);
  same(["ls", "-C", "main", "/sub/it's", "/link"]);
  bothFail("ls main /nope");
  same("cat main /hello /link");
  bothFail("cat main /nope");
  bothFail("cat main /sub");
  for (const options of ["", " --raw", " -B", " --print-metadata-key=ostree.ref-binding", " --print-metadata-key=x"]) {
    same(`show${options} main`);
  }
  const objects = run("ostree", ["--repo=stock", "ls", "-RC", "main"]).stdout.match(/[0-9a-f]{64}/g)!;
  for (const object of new Set(objects)) same(`show ${object}`);
  same("log main");
  same("log --raw main");
  same("diff main owned");
  same("diff --stats main owned");
  writeFileSync(join(tree, "new"), "new");
  rmSync(join(tree, "link"));
  same(["diff", "main", tree]);
  same("diff main nope");
});

test("config", () => {
  same("config get core.mode");
  same("config set core.foo bar");
  same("config get core.foo");
  same("config --group=core get mode");
  same("config unset core.foo");
  same("config get core.foo");
  same("config get foo");
  same("config frob x");
  same("config");
});

test("remotes", () => {
  same("remote add o http://x/");
  same("remote add o http://x/");
  same("remote add --force o http://y/");
  same("remote add --if-not-exists o http://z/");
  same("remote add --set=k=v --no-gpg-verify p http://p/ b1 b2");
  same("remote add bad/name http://p");
  same("remote add");
  same("remote list");
  same("remote list -u");
  same("remote show-url o");
  same("remote show-url q");
  same("remote delete q");
  same("remote delete --if-exists q");
  same("remote delete o");
  const remote = (repo: string) =>
    readFileSync(join(directory, repo, "config"), "utf8")
      .split("\n")
      .filter(Boolean);
  assert.deepEqual(remote("ours"), remote("stock"));
  same("pull");
  same("pull nope");
  same("pull-local");
  bothFail("pull-local /nope");
});

test("checkout", () => {
  const list = (path: string) => run("sh", ["-c", `cd ${path} && find . -printf '%p %m %U %G %l\\n' | sort`]).stdout;
  for (const options of [["-U"], [], ["--subpath=/sub"]]) {
    assert.deepEqual(run("ostree", ["--repo=stock", "checkout", ...options, "main", "out-stock"]).status, 0);
    assert.deepEqual(run(atomic, ["ostree", "--repo=ours", "checkout", ...options, "main", "out-ours"]).error, "");
    assert.equal(list("out-ours"), list("out-stock"), options.join());
    for (const side of ["ours", "stock"]) removeTree(join(directory, `out-${side}`));
  }
  bothFail("checkout nope out");
});

test("summary", () => {
  same("summary");
  bothFail("summary -v");
  same("summary -u");
  const lines = (raw: string) =>
    raw
      .split("\n")
      // Stock says that there is no signature since 2023.
      .filter((line) => !/last-modified|indexed-deltas|unsigned/.test(line))
      .sort();
  const { stock, ours } = both(["summary", "-v"]);
  assert.deepEqual(lines(ours.stdout), lines(stock.stdout));
  // Each reads what the other wrote.
  assert.deepEqual(lines(run("ostree", ["--repo=ours", "summary", "-v"]).stdout), lines(ours.stdout));
  assert.deepEqual(lines(run(atomic, ["ostree", "--repo=stock", "summary", "-v"]).stdout), lines(stock.stdout));
  assert.equal(
    run("ostree", ["--repo=ours", "summary", "--raw"]).stdout,
    run(atomic, ["ostree", "--repo=ours", "summary", "--raw"]).stdout,
  );
});

test("prune and fsck", () => {
  same("prune");
  same("prune --no-prune --refs-only --depth=0");
  same("prune --refs-only --depth=0");
  const commit = run("ostree", ["--repo=stock", "rev-parse", "main"]).stdout.trim();
  same(`prune --delete-commit=${commit}`);
  same(["prune", "--keep-younger-than=2019-01-01"]);
  same("prune --keep-younger-than=garbage");
  same("prune --retain-branch-depth=main");
  const { stock, ours } = both(["fsck"]);
  assert.equal(ours.stdout, stock.stdout.replace(/^fsck objects .*\n/gm, ""));
});

test("unknown options are refused, not ignored", () => {
  bothFail("ls --frob main");
  bothFail("frobnicate");
});

test("the repository is found by option after the verb, by environment and by current directory", () => {
  const commit = run(atomic, ["ostree", "--repo=ours", "rev-parse", "main"]).stdout;
  assert.equal(run(atomic, ["ostree", "rev-parse", "--repo", "ours", "main"]).stdout, commit);
  assert.equal(run(atomic, ["ostree", "rev-parse", "main"], join(directory, "ours")).stdout, commit);
  const env = { ...process.env, OSTREE_REPO: join(directory, "ours") };
  assert.equal(spawnSync(atomic, ["ostree", "rev-parse", "main"], { env, encoding: "utf8" }).stdout, commit);
});
