// SPDX-License-Identifier: Apache-2.0
/** IBM Z: `zipl` reads the boot entries and writes the boot record, after each change (ostree-bootloader-zipl.c). */
import { join } from "node:path";
import { readTextIfExists } from "../../base/index.ts";
import { hostError } from "../errors.ts";
import type { Sysroot } from "../sysroot.ts";
import type { BootLoader, BootMenu } from "./model.ts";
import { runTool } from "./run-tool.ts";
import { ifStamped, leaveStamp } from "./stamp.ts";

export const zipl: BootLoader = {
  name: "zipl",
  isAtomic: () => true,
  // Never found by itself: it must be chosen (sysroot.bootloader=zipl).
  isActive: () => false,
  write: ({ sysroot }) => leaveStamp(sysroot),
  afterSwitch(menu) {
    if (process.getuid?.() !== 0) return;
    ifStamped(menu.sysroot, () => install(menu));
  },
};

function install({ sysroot, deployments }: BootMenu): void {
  if (readTextIfExists("/sys/firmware/uv/prot_virt_guest")?.includes("1") === true) {
    throw hostError("boot-loader", "zipl: images for Secure Execution are not supported");
  }
  const args = ["--secure", isSecureBoot() ? "1" : "auto", "-V"];
  const tree = sysroot.booted === undefined ? deployments[0] : undefined;
  if (tree === undefined) runTool("zipl", args, "/");
  else runTool("bwrap", [...sandbox(sysroot), "--", "zipl", ...args], sysroot.directory(tree));
}

/** The new system's own zipl, with the boot directory that it shall read (`_ostree_sysroot_run_in_deployment`). */
function sandbox(sysroot: Sysroot): string[] {
  const places = ["block", "bus", "class", "dev", "devices"].map((name) => `/sys/${name}`);
  const binds = places.flatMap((path) => ["--ro-bind", path, path]);
  const tree = ["usr", "etc", "var"].flatMap((name) => ["--bind", name, `/${name}`]);
  const links = ["lib", "lib32", "lib64", "bin", "sbin"].flatMap((name) => ["--symlink", `/usr/${name}`, `/${name}`]);
  const boot = ["--bind", join(sysroot.path, "boot"), "/boot"];
  const namespaces = ["--unshare-pid", "--unshare-uts", "--unshare-ipc", "--unshare-cgroup-try", "--die-with-parent"];
  const base = ["--dev-bind", "/dev", "/dev", "--proc", "/proc", "--dir", "/run", "--dir", "/tmp", "--chdir", "/"];
  return [...base, ...namespaces, ...binds, ...tree, ...links, ...boot];
}

function isSecureBoot(): boolean {
  return readTextIfExists("/sys/firmware/ipl/secure")?.includes("1") === true;
}
