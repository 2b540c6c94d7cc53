// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { lintCommit, lintDirectory, lints } from "../../../src/compose/index.ts";
import { Repo } from "../../../src/ostree/index.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "lint-"));
  goodTree();
});
afterEach(() => rmSync(root, { recursive: true }));

function file(path: string, content = "", mode = 0o644): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
  chmodSync(join(root, path), mode);
}

function directory(path: string): void {
  mkdirSync(join(root, path), { recursive: true });
}

function link(path: string, target: string): void {
  directory(dirname(path));
  rmSync(join(root, path), { recursive: true, force: true });
  symlinkSync(target, join(root, path));
}

const remove = (path: string) => rmSync(join(root, path), { recursive: true });

/** A root file system in which no lint finds anything. */
function goodTree(): void {
  for (const name of ["dev", "proc", "sys", "run", "tmp", "var", "boot", "sysroot", "usr/bin"]) directory(name);
  link("ostree", "sysroot/ostree");
  for (const name of ["bin", "lib"]) link(name, `usr/${name}`);
  link("home", "var/home");
  file("usr/lib/modules/6.1/vmlinuz", "kernel");
  file("usr/lib/modules/6.1/initramfs.img", "initramfs");
  file("usr/lib/modules/6.1/modules.dep", "kernel/a.ko:");
  file("usr/lib/modules/6.1/kernel/a.ko", "module");
  file("usr/lib/ostree/prepare-root.conf", "[composefs]\nenabled = yes\n");
  file("usr/lib/os-release", "ID=tiny\n");
  file("usr/lib/sysusers.d/basic.conf", 'g wheel 10\nu root 0 "Super User" /root\nu! daemon 2:10 - -\n');
  file("etc/passwd", "root:x:0:0::/root:/bin/sh\ndaemon:x:2:10::/:/bin/false\n");
  file("etc/group", "root:x:0:\nwheel:x:10:\n");
  file("etc/shadow", "root:!locked:::::::\n");
  file("etc/machine-id", "");
  file("etc/fstab", "# nothing\n\n");
  file("usr/lib/tmpfiles.d/var.conf", "d /var/lib 0755 - - -\n");
  directory("var/lib");
  file("usr/lib/bootc/kargs.d/console.toml", '# serial\nkargs = [\n  "console=ttyS0", # the first\n]\n');
  file("usr/lib/systemd/system/a.service", "[Unit]\n");
  link("etc/systemd/system/multi-user.target.wants/a.service", "/usr/lib/systemd/system/a.service");
}

type Case = [lint: string, spoil: () => void, path: string, text: RegExp];

const cases: Case[] = [
  ["api-base-directories", () => remove("proc"), "/proc", /is missing/],
  ["api-base-directories", () => link("tmp", "sysroot/tmp"), "/tmp", /no directory/],
  ["baseimage-root", () => remove("sysroot"), "/sysroot", /is missing/],
  ["baseimage-root", () => link("ostree", "/sysroot/ostree"), "/ostree", /leads to \/sysroot\/ostree/],
  ["etc-usretc", () => directory("usr/etc"), "/usr/etc", /beside \/etc/],
  ["var-run", () => directory("var/run"), "/var/run", /no symbolic link/],
  ["merged-usr", () => directory("lib64"), "/lib64", /not a link to usr\/lib64/],
  ["nonempty-boot", () => file("boot/vmlinuz"), "/boot/vmlinuz", /hidden/],
  ["nonempty-run-tmp", () => file("tmp/build.log"), "/tmp/build.log", /left over/],
  ["nonempty-run-tmp", () => file("run/systemd/resolve/other"), "/run/systemd", /left over/],
  ["nonempty-toplevel", () => file("opt/vendor/tool"), "/opt/vendor", /belongs to the host/],
  ["nonempty-toplevel", () => file("usr/local/bin/tool"), "/usr/local/bin/tool", /belongs to the host/],
  ["kernel", () => second("7.0"), "/usr/lib/modules", /2 kernels: 6.1, 7.0/],
  ["initramfs", () => remove("usr/lib/modules/6.1/initramfs.img"), "/usr/lib/modules/6.1/initramfs.img", /missing/],
  ["modules-dep", () => remove("usr/lib/modules/6.1/modules.dep"), "/usr/lib/modules/6.1/modules.dep", /missing/],
  ["bootc-kargs", () => kargs("kargs = 1"), "/usr/lib/bootc/kargs.d/bad.toml", /line 1: kargs must be a list/],
  [
    "bootc-kargs",
    () => kargs('kargs = ["a"]\nargs = []'),
    "/usr/lib/bootc/kargs.d/bad.toml",
    /line 2: unknown key args/,
  ],
  ["bootc-kargs", () => kargs('match-architectures = ["x86_64"]'), "/usr/lib/bootc/kargs.d/bad.toml", /no kargs/],
  ["bootc-kargs", () => kargs('kargs = ["a", "b"'), "/usr/lib/bootc/kargs.d/bad.toml", /must be a list/],
  ["bootc-kargs", () => kargs('kargs = ["a"] x'), "/usr/lib/bootc/kargs.d/bad.toml", /end of the line/],
  [
    "baseimage-composefs",
    () => file("usr/lib/ostree/prepare-root.conf", "[sysroot]\nreadonly = true\n[composefs]\nenabled = no\n"),
    "/usr/lib/ostree/prepare-root.conf",
    /does not enable/,
  ],
  ["sysusers", () => file("etc/passwd", "new:x:7:0::/:/bin/sh\n"), "/etc/passwd", /user new is in no file/],
  ["sysusers", () => file("etc/group", "new:x:7:\n"), "/etc/group", /group new is in no file/],
  ["sysusers-ids", () => file("etc/group", "wheel:x:11:\n"), "/etc/group", /wheel has number 11, and 10 in/],
  [
    "duplicate-ids",
    () => file("etc/group", "root:x:10:\nwheel:x:10:\n"),
    "/etc/group",
    /root and wheel have number 10/,
  ],
  ["empty-password", () => file("etc/shadow", "root::::::::\n"), "/etc/shadow", /root has an empty password/],
  ["var-tmpfiles", () => directory("var/lib/thing"), "/var/lib/thing", /no line in tmpfiles.d/],
  ["var-tmpfiles", () => file("var/lib/state"), "/var/lib/state", /is a file/],
  ["var-log", () => file("var/log/dnf.log", "built"), "/var/log/dnf.log", /log of the build/],
  ["package-database", () => file("var/lib/rpm/rpmdb.sqlite"), "/var/lib/rpm", /database of packages/],
  ["buildah-injected", () => file("etc/resolv.conf"), "/etc/resolv.conf", /empty file/],
  ["machine-id", () => file("etc/machine-id", `${"0a".repeat(16)}\n`), "/etc/machine-id", /names one machine/],
  ["host-secrets", () => file("etc/ssh/ssh_host_rsa_key", "x"), "/etc/ssh/ssh_host_rsa_key", /host key/],
  ["host-secrets", () => file("var/lib/systemd/random-seed", "x"), "/var/lib/systemd/random-seed", /secret/],
  ["fstab", () => file("etc/fstab", "/dev/vda1 / ext4\n"), "/etc/fstab", /mounts \/dev\/vda1/],
  ["special-file", () => void execFileSync("mkfifo", [join(root, "usr/pipe")]), "/usr/pipe", /FIFO/],
  ["utf8", () => writeFileSync(Buffer.from(`${root}/usr/caf\xe9`, "latin1"), ""), "/usr/café", /not UTF-8/],
  ["utf8", () => symlinkSync(Buffer.from("caf\xe9", "latin1"), join(root, "usr/l")), "/usr/l", /link to what is not/],
  ["world-writable", () => file("usr/bin/open", "", 0o666), "/usr/bin/open", /mode 0666/],
  [
    "dangling-link",
    () => link("etc/alternatives/vi", "/usr/bin/vim"),
    "/etc/alternatives/vi",
    /leads to \/usr\/bin\/vim/,
  ],
  ["setuid", () => file("usr/bin/su", "", 0o4755), "/usr/bin/su", /mode 4755/],
  ["os-release", () => file("usr/lib/os-release", "NAME=x\n"), "/usr/lib/os-release", /no ID/],
  [
    "selinux-policy",
    () => file("etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=targeted\n"),
    "/etc/selinux/targeted/policy",
    /missing/,
  ],
];

function second(version: string): void {
  for (const name of ["vmlinuz", "initramfs.img"]) file(`usr/lib/modules/${version}/${name}`, name);
}

function kargs(text: string): void {
  file("usr/lib/bootc/kargs.d/bad.toml", text);
}

test("nothing is found in a tree without faults", () => {
  assert.deepEqual(lintDirectory(root), { findings: [], passed: lints.length, skipped: 0 });
});

for (const [lint, spoil, path, text] of cases) {
  test(`${lint}: ${path} ${text.source}`, () => {
    spoil();
    const found = lintDirectory(root).findings.filter((one) => one.lint === lint);
    assert.ok(
      found.some((one) => one.path === path && text.test(one.text)),
      JSON.stringify(found),
    );
    const { findings, skipped } = lintDirectory(root, { skip: [lint] });
    assert.deepEqual(
      findings.filter((one) => one.lint === lint),
      [],
    );
    assert.equal(skipped, 1);
  });
}

test("what container runtimes inject is no fault, nor what TOML allows", () => {
  file("run/systemd/resolve/stub-resolv.conf", "nameserver");
  kargs('match-architectures = [\'x86_64\',]\r\nkargs=["a \\"b\\""]');
  assert.deepEqual(lintDirectory(root).findings, []);
});

test("a commit with a policy has labels, and its /etc is below /usr", () => {
  file("etc/selinux/config", "SELINUXTYPE=targeted\n");
  directory("etc/selinux/targeted/policy");
  execFileSync("mv", [join(root, "etc"), join(root, "usr/etc")]);
  const path = mkdtempSync(join(tmpdir(), "lint-repo-"));
  execFileSync("ostree", ["init", `--repo=${path}`, "--mode=archive"]);
  execFileSync("ostree", ["commit", `--repo=${path}`, "-b", "main", "--no-xattrs", root]);
  const { findings } = lintCommit(Repo.open(path), "main");
  rmSync(path, { recursive: true });
  assert.deepEqual(
    findings.map(({ lint, path }) => `${lint} ${path}`),
    ["selinux-labels /usr/lib/os-release", "selinux-labels /usr/etc/passwd"],
  );
});

test("every lint has a case, and bootc's are all there", () => {
  const names = new Set(cases.map(([name]) => name));
  assert.deepEqual(
    lints.map(({ name }) => name).filter((name) => !names.has(name) && name !== "selinux-labels"),
    [],
  );
  const bootc =
    "var-run buildah-injected etc-usretc bootc-kargs kernel utf8 api-base-directories baseimage-composefs baseimage-root " +
    "var-log var-tmpfiles sysusers nonempty-boot nonempty-run-tmp";
  for (const name of bootc.split(" ")) assert.ok(names.has(name), name);
});

test("a lint that there is not cannot be skipped", () => {
  assert.throws(() => lintDirectory(root, { skip: ["var-runs"] }), {
    code: "compose-unknown-lint",
    hint: "did you mean var-run?",
  });
});
