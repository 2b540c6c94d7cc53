// SPDX-License-Identifier: Apache-2.0
/**
 * A tree of RPM packages, against `dnf --installroot` and `ostree commit` on the same repository. Input: the test
 * distribution, of the size in ATOMIC_BENCH_SIZE (default: base). Theirs has no deployment's layout; of `host` both make the
 * initramfs. Ours gets a small program for /usr/bin/atomic: the real one, of 120 MB, is nothing that theirs has. In the
 * directory ATOMIC_BENCH_DIR (default: /var/tmp, and so with what the disk takes to flush).
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeDistribution } from "../distribution/make-distribution.ts";
import type { Distribution } from "../distribution/model.ts";
import { featurePackages, packageLists } from "../distribution/sizes.ts";
import { atomic, compare, heading, stockOstree } from "./compare.ts";

const work = mkdtempSync(join(process.env["ATOMIC_BENCH_DIR"] ?? "/var/tmp", "atomic-bench-"));
const size = process.env["ATOMIC_BENCH_SIZE"] === "host" ? "host" : "base";
const packages = [...packageLists[size], ...(size === "host" ? ["host-config"] : featurePackages)];
const ostree = stockOstree();

const quick = ["--executable=/usr/bin/true", "--progress=none"];
const ours = ({ treefile }: Distribution) => ({
  command: atomic,
  args: ["compose", "tree", treefile, `--repo=${work}/ours`, `--cachedir=${work}/ours-cache`, ...quick],
});

/** Kernel and initramfs, as a composer makes them. */
const initramfs = `for kernel in $(ls ${work}/tree/usr/lib/modules); do
  chroot ${work}/tree sh -c "mount -t proc proc /proc; depmod $kernel
    dracut -q --add ostree --no-hostonly --reproducible -f /usr/lib/modules/$kernel/initramfs.img --kver $kernel; umount /proc"
done`;

function theirs({ directory }: Distribution) {
  const settings = [`reposdir=${directory}`, `cachedir=${work}/theirs-cache`, "keepcache=1", "install_weak_deps=0"];
  const options = settings.map((one) => `--setopt=${one}`).join(" ");
  const script = `set -e; rm -rf ${work}/tree
dnf -q -y --installroot=${work}/tree --releasever=1 ${options} install ${packages.join(" ")}
${size === "host" ? initramfs : ""}
${ostree} commit --repo=${work}/theirs -b host --tree=dir=${work}/tree`;
  return { command: "sh", args: ["-c", script], env: { HOME: work } };
}

/** As it was before any compose, or with what the last one left. */
function forget(side: "ours" | "theirs"): void {
  rmSync(join(work, `${side}-cache`), { recursive: true, force: true });
  rmSync(join(work, side), { recursive: true, force: true });
  execFileSync(ostree, ["init", `--repo=${join(work, side)}`, "--mode=archive"]);
}

try {
  writeFileSync(join(work, ".rpmmacros"), "%_dbpath /usr/lib/sysimage/rpm\n");
  const first = await makeDistribution(join(work, "first"), { size });
  const second = await makeDistribution(join(work, "second"), { size, rebuilt: [size === "host" ? "less" : "sed"] });
  const states = [second, first];
  const runs = size === "host" ? 1 : 3;
  heading("dnf, ostree");
  compare({ name: `compose ${size}, empty caches`, runs, prepare: forget, ours: ours(first), theirs: theirs(first) });
  for (const state of runs === 1 ? [second] : [...states, ...states]) {
    compare({ name: "compose, one package changed", runs: 1, ours: ours(state), theirs: theirs(state) });
  }
  const last = runs === 1 ? second : first;
  compare({ name: "compose, nothing changed", runs, ours: ours(last), theirs: theirs(last) });
} finally {
  rmSync(work, { recursive: true, force: true });
}
