// SPDX-License-Identifier: Apache-2.0
/** Composes the example from the real Debian mirror, twice from nothing, and looks at what came out with stock tools. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { type ComposeResult, composeTree, lintCommit, loadTreefile } from "../../src/compose/index.ts";
import { findNode, readTree, Repo, walkTree } from "../../src/ostree/index.ts";

const example = resolve(import.meta.dirname, "../../examples/debian-container-host.yaml");
let scratch: string;
let repo: Repo;
let first: ComposeResult;
let root: string;
/** A copy of the tree's: semodule takes a lock in it. */
let etc: string;

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), "container-host-"));
  repo = Repo.init(join(scratch, "repo"), "bare");
  first = await composeTree({ treefile: loadTreefile(example), repo, cacheDir: join(scratch, "cache") });
  root = join(scratch, "root");
  execFileSync("ostree", ["checkout", "-H", `--repo=${repo.path}`, first.commit ?? "", root]);
  mkdirSync(join(root, "etc"));
  etc = join(scratch, "etc");
  execFileSync("cp", ["-a", join(root, "usr/etc"), etc]);
});
after(() => rmSync(scratch, { recursive: true }));

/** Runs a program of the tree in it. */
function inside(...command: string[]): string {
  const mounts = ["--ro-bind", root, "/", "--bind", etc, "/etc", "--tmpfs", "/var", "--proc", "/proc"];
  const database = [
    "--dir",
    "/var/lib",
    "--symlink",
    "/usr/lib/sysimage/dpkg",
    "/var/lib/dpkg",
    "--dir",
    "/var/tmp",
    "--tmpfs",
    "/tmp",
  ];
  return execFileSync("bwrap", [...mounts, ...database, "--dev", "/dev", "--", ...command], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
}

test("no lint finds a fault in it", () => {
  const { findings } = lintCommit(repo, first.commit ?? "");
  assert.deepEqual(
    findings.filter(({ severity }) => severity !== "info"),
    [],
  );
});

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

/** Kinds of matchpathcon's `-m` by file type bits. */
const kinds: Record<number, string> = { 0o04: "dir", 0o10: "file", 0o12: "link" };

test("the label of every path is what the tree's own matchpathcon says", () => {
  const labels = new Map<string, [path: string, label: string][]>();
  for (const { path, node } of walkTree(readTree(repo, first.commit ?? ""))) {
    const { mode, xattrs } = node.kind === "dir" ? node.meta : node.header;
    const value = xattrs.find(({ name }) => name === "security.selinux")?.value;
    const label = value === undefined ? "<<none>>" : Buffer.from(value).toString().replace("\0", "");
    const kind = kinds[mode >> 12] ?? "";
    labels.set(kind, [...(labels.get(kind) ?? []), [path, label]]);
  }
  for (const [kind, entries] of labels) {
    for (let start = 0; start < entries.length; start += 1000) {
      const batch = entries.slice(start, start + 1000);
      const judged = inside("matchpathcon", "-n", "-m", kind, ...batch.map(([path]) => path))
        .trimEnd()
        .split("\n");
      assert.deepEqual(
        batch,
        batch.map(([path], index) => [path, judged[index]]),
      );
    }
  }
});

test("nothing tells of one machine", () => {
  const names = execFileSync(
    "find",
    [root, "-name", "ssh_host_*", "-o", "-name", "*.pyc", "-o", "-name", "passwd-", "-o", "-name", "*-old"],
    { encoding: "utf8" },
  );
  assert.equal(names, "");
});

test("its policy has our module, by which files are labelled that SELinux would keep from their work", () => {
  assert.ok(inside("semodule", "-l").split("\n").includes("atomic"));
  const tree = readTree(repo, first.commit ?? "");
  const label = (path: string) => {
    const node = findNode(tree, path);
    const xattrs = node?.kind === "file" ? node.header.xattrs : [];
    return Buffer.from(xattrs.find(({ name }) => name === "security.selinux")?.value ?? "").toString();
  };
  assert.match(label("usr/lib/podman/netavark"), /:bin_t:s0/);
  // No program of ours is put into this tree; the host's is labelled so that its engine may make machine code.
  assert.match(inside("matchpathcon", "-n", "/usr/bin/atomic"), /:unconfined_execmem_exec_t:s0/);
});
