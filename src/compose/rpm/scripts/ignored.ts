// SPDX-License-Identifier: Apache-2.0
/** Scriptlets that are not run because a tree is assembled another way (rpm-ostree's rust/src/scripts.rs). */

const ignored = new Set([
  "glibc.prein",
  "glibc-headers.prein",
  "coreutils.prein",
  "ca-certificates.prein",
  "libgcc.post",
  "filesystem.posttrans",
  "setup.post",
  "pinentry.prein",
  "fedora-release.posttrans",
  "vagrant.prein",
  "vagrant-libvirt.prein",
  "bash.post",
  "gdb.prein",
  "systemd.transfiletriggerin",
  "man-db.transfiletriggerin",
  "filesystem.transfiletriggerin",
  "nfs-utils.post",
  "microcode_ctl.post",
  "microcode_ctl.posttrans",
]);

/** Kernels: modules.dep and the initramfs are made once, at the end. */
const kernel =
  /^kernel(-(redhat|rt|debug|automotive|16k|64k|uek|lt|ml|redhat-debug|rt-debug|automotive-debug|16k-debug|64k-debug))?(-(core|modules))?\.posttrans$/;

/** Broken in one release of a distribution (rpmostree-scripts.cxx `script_replacements`). */
const brokenIn: Readonly<Record<string, readonly string[]>> = {
  "pam.post": [".el7"],
  "nvme-cli.post": [".el8", ".el8_2"],
};

/** @param script in rpm-ostree's words: `prein`, `post`, `posttrans`, `transfiletriggerin` */
export function isIgnoredScript(name: string, script: string, release: string, body: string, lua: boolean): boolean {
  const key = `${name}.${script}`;
  if (ignored.has(key) || kernel.test(key)) return true;
  if (brokenIn[key]?.some((suffix) => release.endsWith(suffix)) === true) return true;
  // rpmostree-scripts.cxx `lua_script_has_skip`: a mark in one of the first ten lines.
  return lua && body.split("\n", 10).some((line) => line.startsWith("-- rpm-ostree-skip"));
}
