// SPDX-License-Identifier: Apache-2.0
// Initramfs images made on the host; cpio and ostree say what came of it. The trees' dracut is one of busybox. Needs root.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { test, type TestContext } from "node:test";
import { deploy, hostError, setLocalInitramfs, status, Sysroot, upgrade } from "../../src/host/index.ts";
import { newSysroot, ostree, ref, writeTree } from "./fixture.ts";

/** Packs its arguments and the /etc that it sees. */
const dracut = `#!/usr/bin/sh
set -e
for image; do :; done
mkdir -p /tmp/image/etc
echo "$@" > /tmp/image/arguments
cp /etc/hostname /tmp/image/etc/hostname
cd /tmp/image
find . | cpio -o -H newc 2>/dev/null | gzip > "$image"
touch /usr/left-behind
`;
const applets = ["sh", "mkdir", "cp", "find", "cpio", "gzip", "touch"];
const image = "usr/lib/modules/6.12.1/initramfs.img";

function release(repo: string, root: string, version: string, metadata: readonly string[] = []): string {
  const tree = mkdtempSync(join(root, "tree-"));
  writeTree(tree, { version, files: { "usr/etc/hostname": "default\n", "usr/bin/dracut": dracut } });
  chmodSync(join(tree, "usr/bin/dracut"), 0o755);
  copyFileSync("/bin/busybox", join(tree, "usr/bin/busybox"));
  for (const name of applets) symlinkSync("busybox", join(tree, "usr/bin", name));
  const args = [`--branch=${ref}`, "--no-bindings", `--add-metadata-string=version=${version}`, ...metadata];
  return ostree(`--repo=${repo}`, "commit", ...args, `--tree=dir=${tree}`, "--owner-uid=0", "--owner-gid=0").trim();
}

async function newHost(t: TestContext) {
  const { root, path, repo } = newSysroot(t);
  const base = release(repo, root, "13.1");
  const open = () => Sysroot.open(path);
  await deploy(open(), { rev: base, stateroot: "debian", kernelArgs: ["rw"], origin: ref });
  const next = () => open().directory(open().deployments[0]!);
  writeFileSync(join(next(), "etc/hostname"), "box\n");
  const packed = (name: string): string => {
    const input = execFileSync("gzip", ["-dc", join(next(), image)]);
    return execFileSync("cpio", ["-i", "--quiet", "--to-stdout", name], { input, encoding: "utf8" });
  };
  return { root, path, repo, base, open, next, packed };
}

test("dracut makes the initramfs of the host's /etc with its arguments, again for an update, and no more when disabled", async (t) => {
  const { root, path, repo, base, open, next, packed } = await newHost(t);
  const arguments_ = ["-I", "/etc/crypttab"];
  // As `--sysroot` may be given; dracut runs elsewhere.
  const near = Sysroot.open(relative(process.cwd(), path));
  await setLocalInitramfs(near, { regenerate: true, arguments: arguments_ });
  const fixed = "--force --reproducible --add ostree --tmpdir /var/tmp --kver 6.12.1";
  assert.equal(packed("arguments"), `${fixed} --no-hostonly -I /etc/crypttab /${image}\n`);
  assert.equal(packed("etc/hostname"), "box\n");
  assert.equal(lstatSync(join(next(), image)).mode & 0o777, 0o600);
  const entry = readFileSync(join(path, "boot/loader/entries/ostree-2.conf"), "utf8");
  const initrd = /^initrd (\S+)$/m.exec(entry)?.[1];
  assert.deepEqual(readFileSync(join(path, "boot", initrd!.replace(/^\/boot/, ""))), readFileSync(join(next(), image)));

  const [told] = status(open()).deployments;
  assert.deepEqual([told?.["regenerate-initramfs"], told?.["initramfs-args"]], [true, arguments_]);
  assert.deepEqual([told?.["base-checksum"], told?.version], [base, "13.1"]);
  // Nothing else is in the commit, and stock ostree does not upgrade such a host to the bare version.
  assert.equal(ostree("diff", `--repo=${repo}`, base, told!.checksum).trim(), `M    /${image}`);
  const origin = readFileSync(`${next()}.origin`, "utf8");
  assert.match(origin, /^baserefspec=/m);
  assert.doesNotMatch(origin, /^refspec=/m);

  assert.equal((await upgrade(open())).changed, false);
  const newest = release(repo, root, "13.2", ["--add-metadata=rpmostree.initramfs-args=['--own', 'of the version']"]);
  await upgrade(open());
  assert.equal(status(open()).deployments[0]?.["base-checksum"], newest);
  assert.equal(packed("arguments"), `${fixed} --own of the version -I /etc/crypttab /${image}\n`);

  writeFileSync(join(next(), "etc/hostname"), "renamed\n");
  await setLocalInitramfs(open(), { regenerate: true, arguments: [] });
  assert.equal(packed("etc/hostname"), "renamed\n");
  await assert.rejects(setLocalInitramfs(open(), { regenerate: true, arguments: [] }), (error) =>
    hostError.is(error, "unchanged"),
  );
  await setLocalInitramfs(open(), { regenerate: false, arguments: [] });
  assert.equal(open().deployments[0]?.checksum, newest);
  assert.match(readFileSync(`${next()}.origin`, "utf8"), /^\[origin\]\nrefspec=[^\n]*\n*$/);
});

test("a dracut that fails, or that is not there, leaves what booted", async (t) => {
  const { root, repo, open } = await newHost(t);
  const before = open().deployments.map(({ checksum }) => checksum);
  const failing = mkdtempSync(join(root, "tree-"));
  mkdirSync(join(failing, "usr/bin"), { recursive: true });
  writeFileSync(join(failing, "usr/bin/dracut"), "#!/usr/bin/sh\necho no such module >&2; exit 3\n", { mode: 0o755 });
  const how = [`--repo=${repo}`, "commit", "--orphan", "--no-bindings", "--owner-uid=0", "--owner-gid=0"];
  const commit = ostree(...how, `--tree=ref=${ref}`, `--tree=dir=${failing}`).trim();
  await deploy(open(), { rev: commit, kernelArgs: ["rw"], origin: ref });
  await assert.rejects(setLocalInitramfs(open(), { regenerate: true, arguments: [] }), /exit code 3\n +no such module/);
  assert.deepEqual(
    open().deployments.map(({ checksum }) => checksum),
    [commit, ...before],
  );
});
