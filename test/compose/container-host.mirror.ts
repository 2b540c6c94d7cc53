// SPDX-License-Identifier: Apache-2.0
/** Composes the example from the real Debian mirror, twice from nothing, and looks at what came out with stock tools. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { type ComposeResult, composeTree, loadTreefile } from "../../src/compose/index.ts";
import { Repo } from "../../src/ostree/index.ts";

const example = resolve(import.meta.dirname, "../../examples/debian-container-host.yaml");
let scratch: string;
let repo: Repo;
let first: ComposeResult;
let root: string;

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), "container-host-"));
  repo = Repo.init(join(scratch, "repo"), "bare");
  first = await composeTree({ treefile: loadTreefile(example), repo, cacheDir: join(scratch, "cache") });
  root = join(scratch, "root");
  execFileSync("ostree", ["checkout", "-H", `--repo=${repo.path}`, first.commit ?? "", root]);
});
after(() => rmSync(scratch, { recursive: true }));

/** Runs a program of the tree in it. */
function inside(...command: string[]): string {
  const mounts = [
    "--ro-bind",
    root,
    "/",
    "--ro-bind",
    join(root, "usr/etc"),
    "/etc",
    "--tmpfs",
    "/var",
    "--proc",
    "/proc",
  ];
  const database = ["--dir", "/var/lib", "--symlink", "/usr/lib/sysimage/dpkg", "/var/lib/dpkg"];
  return execFileSync("bwrap", [...mounts, ...database, "--dev", "/dev", "--", ...command], { encoding: "utf8" });
}

test("composed again from nothing, the commit is the same", async () => {
  const other = Repo.init(join(scratch, "other"), "archive");
  const cacheDir = join(scratch, "other-cache");
  const second = await composeTree({ treefile: loadTreefile(example), repo: other, cacheDir });
  assert.equal(second.commit, first.commit);
});

test("the tree's own dpkg finds every package installed and every file as it was packed", () => {
  assert.equal(inside("dpkg", "--audit"), "");
  const packages = inside("dpkg-query", "-W", "-f", "${Package} ${db:Status-Abbrev}\n").trim().split("\n");
  assert.equal(packages.length, first.packages.length);
  assert.ok(packages.every((line) => line.endsWith(" ii ") || line.endsWith(" ii")));
});

test("modules.dep names the plain modules that are there", () => {
  const [version = ""] = readdirSync(join(root, "usr/lib/modules"));
  assert.match(inside("modinfo", "-k", version, "-F", "filename", "overlay"), /overlay\.ko$/m);
  assert.match(inside("modprobe", "-S", version, "--show-depends", "virtio_net"), /insmod .*virtio_net\.ko/);
  assert.match(inside("lsinitrd", `/usr/lib/modules/${version}/initramfs.img`), /ostree-prepare-root/);
});

test("every label is what the tree's own matchpathcon says", () => {
  const paths = execFileSync("find", [root, "-mindepth", "1", "-xdev", "-printf", "/%P\\n"], { encoding: "utf8" })
    .trim()
    .split("\n");
  const sample = paths.filter((path, index) => index % 7 === 0 || /^\/[^/]*$|^\/usr\/etc/.test(path));
  const actual = execFileSync(
    "getfattr",
    ["-h", "--absolute-names", "-n", "security.selinux", ...sample.slice(0, 2000).map((path) => root + path)],
    { encoding: "utf8" },
  );
  const labels = new Map(
    [...actual.matchAll(/^# file: (.*)\nsecurity\.selinux="(.*?)(?:\\000)?"$/gm)].map(([, path = "", label]) => [
      path.slice(root.length),
      label,
    ]),
  );
  assert.ok(labels.size > 1000);
  const directories = [...labels.keys()]
    .filter((path) => execFileSync("stat", ["-c", "%F", root + path], { encoding: "utf8" }).startsWith("directory"))
    .slice(0, 300);
  const expected = inside("matchpathcon", "-n", "-m", "dir", ...directories)
    .trim()
    .split("\n");
  assert.deepEqual(
    directories.map((path) => labels.get(path)),
    expected,
  );
});

test("nothing tells of one machine", () => {
  const names = execFileSync(
    "find",
    [root, "-name", "ssh_host_*", "-o", "-name", "*.pyc", "-o", "-name", "passwd-", "-o", "-name", "*-old"],
    { encoding: "utf8" },
  );
  assert.equal(names, "");
});
