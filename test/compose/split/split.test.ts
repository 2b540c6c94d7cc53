// SPDX-License-Identifier: Apache-2.0
// A compose in steps ends where a compose in one does; judged by ostree, rpm and the trees of `composeTree`. Needs root.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  commitRoot,
  composeRootfs,
  composeTree,
  installRoot,
  parseTreefile,
  postprocessRoot,
} from "../../../src/compose/index.ts";
import { lookup, readText } from "../../../src/compose/tree.ts";
import { type Checksum, readTree, Repo } from "../../../src/ostree/index.ts";
import { makeRpms, type RpmSpec, tinyRpmBase } from "../rpm/rpms.ts";

const script = (text: string) => `#!/bin/sh\n${text}\n`;
/** A kernel with the programs that make its initramfs; the last argument of dracut is the file. */
const kernel: RpmSpec = {
  name: "kernel",
  files: {
    "/usr/lib/modules/6.1/vmlinuz": "kernel",
    "/usr/bin/dracut": script('for last; do :; done\necho "initramfs of $(cat /etc/service.conf)" > "$last"'),
    "/usr/sbin/depmod": script("echo > /usr/lib/modules/$2/modules.dep"),
    "/usr/lib/os-release": 'VERSION="1 (small)"\nPRETTY_NAME="Tiny Linux 1"\n',
  },
  attributes: { "/usr/bin/dracut": "%attr(0755,root,root)", "/usr/sbin/depmod": "%attr(0755,root,root)" },
};
const service: RpmSpec = {
  name: "service",
  files: { "/etc/service.conf": "port=80\n", "/usr/bin/ping": "ping", "/var/lib/service": { directory: true } },
  attributes: {
    "/usr/bin/ping": "%attr(0755,root,root) %caps(cap_net_raw=p)",
    "/var/lib/service": "%dir %attr(0750,service,service)",
  },
  scripts:
    "%pre\necho 'service:x:42:43::/:/bin/false' >> /etc/passwd; echo 'service:x:43:' >> /etc/group\n%post\necho > /etc/made",
};

let scratch: string;
before(() => {
  scratch = mkdtempSync(join(tmpdir(), "atomic-split-"));
  const repository = join(scratch, "repository");
  mkdirSync(repository);
  makeRpms(repository, [...tinyRpmBase(), kernel, service]);
  execFileSync("createrepo_c", ["-q", "--revision=7", "--set-timestamp-to-revision", repository]);
  writeFileSync(join(scratch, "tiny.repo"), `[tiny]\nname=Tiny\nbaseurl=file://${repository}\ngpgcheck=0\n`);
});
after(() => rmSync(scratch, { recursive: true, force: true }));

function treefile(text: string, directory = scratch) {
  const head =
    "ref: tiny/rpm\nbasearch: x86_64\nrepos: [tiny]\nboot-location: modules\npackages: [shell, kernel, service]\n";
  return parseTreefile(`${head}${text}`, join(directory, "tree.yaml"));
}

function given(name: string, text = "") {
  const repo = Repo.init(join(scratch, `${name}-repo`), "archive");
  return { repo, treefile: treefile(text), cacheDir: join(scratch, "cache") };
}

const ls = (repo: Repo, rev: string, path = "") =>
  execFileSync("ostree", [`--repo=${repo.path}`, "ls", "-RX", rev, ...(path === "" ? [] : [path])], {
    encoding: "utf8",
  });

test("install, postprocess and commit make the tree that one compose makes", async () => {
  const text = 'automatic-version-prefix: "7"\nmutate-os-release: "1"\n';
  const whole = given("whole", text);
  const { commit = "" as Checksum } = await composeTree(whole);
  const steps = given("steps", text);
  const rootfs = join(scratch, "steps/rootfs");
  const installed = await installRoot({ ...steps, rootfs });
  assert.deepEqual([installed.rootfs, installed.version], [rootfs, "7"]);
  assert.deepEqual(readdirSync(join(scratch, "steps")), ["rootfs"]);
  assert.equal(readlinkSync(join(rootfs, "home")), "var/home");
  assert.ok(existsSync(join(rootfs, "usr/etc/made")) && !existsSync(join(rootfs, "etc")));
  assert.ok(!existsSync(join(rootfs, "usr/lib/modules/6.1/initramfs.img")));
  assert.equal(lstatSync(join(rootfs, "usr/bin/ping")).nlink, 1);
  const before = lstatSync(join(rootfs, "usr/bin/busybox")).ino;
  assert.equal(await postprocessRoot(rootfs, steps.treefile), true);
  assert.equal(lstatSync(join(rootfs, "usr/bin/busybox")).ino, before);
  assert.equal(await postprocessRoot(rootfs, steps.treefile), false);
  assert.deepEqual(readdirSync(join(scratch, "steps")), ["rootfs"]);
  const result = await commitRoot({ ...steps, rootfs, version: "7", timestamp: 7 });
  assert.equal(steps.repo.resolve("tiny/rpm"), result.commit);
  assert.equal(ls(steps.repo, "tiny/rpm"), ls(whole.repo, commit));
  execFileSync("ostree", ["fsck", "-q", `--repo=${steps.repo.path}`]);
  const { metadata, tree, meta } = steps.repo.loadCommit(result.commit!);
  const { metadata: expected, ...trees } = whole.repo.loadCommit(commit);
  assert.deepEqual([tree, meta], [trees.tree, trees.meta]);
  assert.deepEqual(metadata.get("rpmostree.rpmdb.pkglist"), expected.get("rpmostree.rpmdb.pkglist"));
  assert.deepEqual(metadata.get("ostree.linux"), { type: "s", value: "6.1" });
  const again = await installRoot({ ...whole, rootfs: join(scratch, "again") });
  assert.deepEqual([again.changed, again.rootfs, existsSync(join(scratch, "again"))], [false, undefined, false]);
  await assert.rejects(installRoot({ ...steps, rootfs, force: true }), { code: "compose-exists" });
});

test("a directory stays as it was where it cannot be postprocessed", async () => {
  const options = given("broken");
  const rootfs = join(scratch, "broken/rootfs");
  await installRoot({ ...options, rootfs, force: true });
  writeFileSync(join(rootfs, "usr/bin/dracut"), script("echo no way; exit 3"));
  const before = execFileSync("find", [rootfs, "-ls"]).toString();
  await assert.rejects(postprocessRoot(rootfs, options.treefile), { code: "compose-step-failed", message: /no way/ });
  const withoutCounts = (text: string) => text.replace(/^( *\S+ +\S+ +\S+) +\d+/gm, "$1");
  assert.equal(withoutCounts(execFileSync("find", [rootfs, "-ls"]).toString()), withoutCounts(before));
  assert.deepEqual(readdirSync(join(scratch, "broken")), ["rootfs"]);
});

test("install with postprocess, changed by hand and committed: devices are left out, whiteouts are kept", async () => {
  const options = given("edited");
  const rootfs = join(scratch, "edited/rootfs");
  await installRoot({ ...options, rootfs, postprocess: true });
  writeFileSync(join(rootfs, "usr/share/by-hand"), "mine\n");
  execFileSync("mknod", [join(rootfs, "usr/share/zero"), "c", "1", "5"]);
  execFileSync("mknod", ["-m", "0", join(rootfs, "usr/share/gone"), "c", "0", "0"]);
  execFileSync("setfattr", ["-n", "user.stray", "-v", "x", join(rootfs, "usr/share/by-hand")]);
  execFileSync("setfattr", ["-n", "user.ima", "-v", "0x0302", join(rootfs, "usr/share/by-hand")]);
  await assert.rejects(commitRoot({ ...options, rootfs, treefile: treefile("ignore-devices: false\n") }), {
    code: "compose-bad-tree",
    message: /\/usr\/share\/zero is a device/,
  });
  const { commit = "" } = await commitRoot({ ...options, rootfs, setRef: false });
  assert.deepEqual([...options.repo.listRefs()], []);
  const lines = ls(options.repo, commit, "/usr/share").split("\n");
  assert.ok(lines.some((line) => /^-00000 0 0 +0 .*\/usr\/share\/\.ostree-wh\.gone$/.test(line)));
  assert.ok(!lines.some((line) => /zero|stray/.test(line)));
  assert.match(ls(options.repo, commit, "/usr/share/by-hand"), /security\.ima/);
  assert.match(ls(options.repo, commit, "/usr/bin/ping"), /security\.capability/);
});

test("what rpm installed into a root becomes a deployment's tree", async () => {
  const root = join(scratch, "by-rpm");
  mkdirSync(root);
  const rpms = readdirSync(join(scratch, "repository")).filter((name) => name.endsWith(".rpm"));
  const names = rpms.map((name) => join(scratch, "repository", name));
  const home = { ...process.env, HOME: join(scratch, "home") };
  mkdirSync(home.HOME);
  const database = ["--define", "_dbpath /var/lib/rpm"];
  execFileSync("rpm", ["--root", root, ...database, "-i", "--nodeps", "--nosignature", ...names], { env: home });
  for (const name of ["dev", "proc", "run", "sys"]) mkdirSync(join(root, name), { recursive: true });
  assert.equal(await postprocessRoot(root), true);
  assert.equal(readlinkSync(join(root, "usr/local")), "../var/usrlocal");
  assert.equal(readlinkSync(join(root, "tmp")), "sysroot/tmp");
  assert.equal(readFileSync(join(root, "usr/lib/modules/6.1/initramfs.img"), "utf8"), "initramfs of port=80\n");
  assert.match(
    readFileSync(join(root, "usr/lib/tmpfiles.d/atomic-autovar.conf"), "utf8"),
    /^d \/var\/lib\/service 0750/m,
  );
  const listed = execFileSync("rpm", ["--root", root, "--define", "_dbpath /usr/share/rpm", "-qa"]).toString();
  assert.match(listed, /^service-1-1\.noarch$/m);
  await assert.rejects(postprocessRoot(join(scratch, "cache")), { code: "compose-bad-tree" });
  await assert.rejects(postprocessRoot("/"), { code: "compose-bad-tree", message: /mount point/ });
  const without = join(scratch, "without-etc");
  mkdirSync(join(without, "usr"), { recursive: true });
  await assert.rejects(postprocessRoot(without), { code: "compose-bad-tree", message: /neither/ });
});

test("finalize.d runs in the finished tree, in the order of names", async () => {
  const directory = join(scratch, "with-finalize");
  mkdirSync(join(directory, "finalize.d"), { recursive: true });
  writeFileSync(join(directory, "tiny.repo"), readFileSync(join(scratch, "tiny.repo")));
  const add = (name: string, text: string, mode = 0o755) => {
    writeFileSync(join(directory, "finalize.d", name), script(text));
    chmodSync(join(directory, "finalize.d", name), mode);
  };
  add("20-second", "cat usr/share/first > usr/share/second");
  add("10-first", 'echo "$RPMOSTREE_WORKDIR" > usr/share/first; ls usr/lib/modules/6.1 >> usr/share/first');
  add("30-no-program", "exit 1", 0o644);
  const repo = Repo.init(join(scratch, "finalize-repo"), "archive");
  const options = { repo, treefile: treefile("", directory), cacheDir: join(scratch, "cache") };
  const { commit = "" as Checksum } = await composeTree(options);
  const expected = `${directory}\ninitramfs.img\nmodules.dep\nvmlinuz\n`;
  assert.equal(readText(readTree(repo, commit), "usr/share/second"), expected);
  const rootfs = join(scratch, "finalized");
  await installRoot({ ...options, rootfs, postprocess: true, force: true });
  assert.equal(readFileSync(join(rootfs, "usr/share/second"), "utf8"), expected);
  add("40-fails", "echo the reason; exit 3");
  const failing = { ...options, treefile: treefile("", directory), force: true };
  await assert.rejects(composeTree(failing), {
    code: "compose-finalize-failed",
    message: /exit code 3\n {2}the reason/,
  });
  await assert.rejects(installRoot({ ...failing, rootfs: join(scratch, "failed"), postprocess: true }));
  assert.ok(!existsSync(join(scratch, "failed")));
});

test("the root of a container image has /etc at /etc and no labels", async () => {
  const { treefile, cacheDir } = given("image", "tmp-is-dir: true\n");
  const rootfs = join(scratch, "image-root");
  const { packages } = await composeRootfs({ treefile, cacheDir, rootfs });
  assert.deepEqual(packages.map(({ name }) => name).toSorted(), ["filesystem", "kernel", "service", "setup", "shell"]);
  assert.ok(existsSync(join(rootfs, "etc/service.conf")) && !existsSync(join(rootfs, "usr/etc")));
  assert.ok(existsSync(join(rootfs, "usr/lib/modules/6.1/initramfs.img")));
  await assert.rejects(composeRootfs({ treefile, cacheDir, rootfs }), { code: "compose-exists" });
});

test("a container's tree has no initramfs, is not bootable and says its command", async () => {
  const options = given("container", "container: true\ncontainer-cmd: [/usr/bin/sh, -l]\n");
  const { commit = "" as Checksum } = await composeTree(options);
  assert.equal(lookup(readTree(options.repo, commit), "usr/lib/modules/6.1/initramfs.img"), undefined);
  const { metadata } = options.repo.loadCommit(commit);
  assert.equal(metadata.get("ostree.bootable"), undefined);
  const shown = ["show", commit, "--print-metadata-key=ostree.container-cmd"];
  assert.equal(execFileSync("ostree", [`--repo=${options.repo.path}`, ...shown]).toString(), "['/usr/bin/sh', '-l']\n");
});
