// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readlinkSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { removeTree } from "../../src/base/index.ts";
import { initSysroot, Sysroot } from "../../src/host/index.ts";
import type { Checksum } from "../../src/ostree/index.ts";

export const ref = "debian/13/x86_64/container-host";

/** A scratch directory that is removed after the test, immutable deployment roots included. */
export function scratch(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), "atomic-host-"));
  t.after(() => removeTree(root));
  return root;
}

/** Runs stock ostree and returns what it prints. */
export function ostree(...args: string[]): string {
  // Its messages go through GLib's log; it must not think that it may talk to a journal or a terminal.
  return execFileSync("ostree", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

export interface TreeOptions {
  readonly version: string;
  /** Content of the kernel; another one makes another boot checksum. */
  readonly kernel?: string;
  /** Whether the commit says what kernel it has (`ostree.bootable`). */
  readonly bootable?: boolean;
  readonly files?: Readonly<Record<string, string>>;
}

/** Writes a tiny tree with the layout of a host. */
export function writeTree(directory: string, { version, kernel = "kernel", files = {} }: TreeOptions): void {
  const all: Record<string, string> = {
    "usr/lib/os-release": `ID=debian\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n`,
    "usr/lib/modules/6.12.1/vmlinuz": kernel,
    "usr/lib/modules/6.12.1/initramfs.img": "initramfs",
    "usr/lib/tmpfiles.d/x.conf": "d /var/log\n",
    "usr/etc/motd": `welcome to ${version}\n`,
    "usr/etc/shared.conf": "default\n",
    "usr/etc/dropped.conf": "default\n",
    "usr/bin/tool": `tool ${version}\n`,
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  for (const path of ["var", "sysroot", "boot", "proc", "dev", "run"])
    mkdirSync(join(directory, path), { recursive: true });
  symlinkSync("sysroot/ostree", join(directory, "ostree"));
  for (const name of ["bin", "lib", "lib64"]) symlinkSync(`usr/${name}`, join(directory, name));
}

/** Commits a tiny tree to `ref` with stock ostree. */
export function commitTree(
  repo: string,
  scratchDirectory: string,
  options: TreeOptions & { timestamp?: string },
): Checksum {
  const tree = mkdtempSync(join(scratchDirectory, "tree-"));
  writeTree(tree, options);
  const args = [
    `--repo=${repo}`,
    "commit",
    `--branch=${ref}`,
    "--no-bindings",
    `--add-metadata-string=version=${options.version}`,
  ];
  if (options.bootable === true) args.push("--bootable");
  const timestamp = options.timestamp === undefined ? [] : [`--timestamp=${options.timestamp}`];
  return ostree(...args, ...timestamp, `--tree=dir=${tree}`, "--owner-uid=0", "--owner-gid=0").trim() as Checksum;
}

/** A system root made by us with one commit in its repository. */
export function newSysroot(t: TestContext, options: TreeOptions = { version: "13.1" }) {
  const root = scratch(t);
  const path = join(root, "sysroot");
  mkdirSync(path);
  const sysroot = initSysroot(path, { stateroot: "debian" });
  const repo = join(path, "ostree/repo");
  return { root, path, sysroot, repo, first: commitTree(repo, root, options) };
}

/** Opens the sysroot as if the machine ran the deployment that its boot entry `index` leads to. */
export function bootInto(root: string, path: string, index = 0): Sysroot {
  const deployment = Sysroot.open(path).deployments[index]!;
  const run = join(root, "run");
  mkdirSync(join(run, "ostree"), { recursive: true });
  writeFileSync(join(run, "ostree-booted"), "");
  return Sysroot.open(path, { run, root: Sysroot.open(path).directory(deployment) });
}

/** The deployment directory that a boot entry's `ostree=` leads to: what ostree-prepare-root would mount. */
export function bootTarget(path: string, entry: string): string {
  const link = /ostree=(\S+)/.exec(entry)?.[1] ?? "";
  readlinkSync(join(path, link));
  return realpathSync(join(path, link));
}
