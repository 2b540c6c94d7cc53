// SPDX-License-Identifier: Apache-2.0
import { type Checksum, type Repo, tryFindInCommit } from "../ostree/index.ts";

/** Both consoles; the last one is where systemd's messages and the login go. */
const consoleArguments = ["console=tty0", "console=ttyS0,115200n8"];

/**
 * What every disk of ours boots with. systemd-gpt-auto-generator(8) is off: it would mount the EFI system partition at
 * /boot, where the kernels are.
 */
export function standardArguments(label: string): string[] {
  return [`root=LABEL=${label}`, "rw", "systemd.gpt_auto=no", ...consoleArguments];
}

/**
 * Shorten the boot of an emulated machine, where every instruction costs; none changes what the system consists of.
 * Without `ssh_auto=no`, systemd-ssh-generator makes the kernel load drivers of other hypervisors, which takes 25 s.
 * Without `bpf` in the list of security modules, systemd spends 7 s less on loading programs for it. The masked services
 * rebuild a cache that the release has and look for LVM snapshots. The clock's own options are left alone: with
 * `tsc=reliable` the guest's clock was seen to run three times too fast.
 */
export const emulationArguments: readonly string[] = [
  "quiet",
  "loglevel=4",
  "mitigations=off",
  "audit=0",
  "cryptomgr.notests",
  "nowatchdog",
  "random.trust_cpu=on",
  "rcupdate.rcu_expedited=1",
  "systemd.ssh_auto=no",
  "lsm=landlock,yama,selinux",
  "systemd.mask=ldconfig.service",
  "systemd.mask=e2scrub_reap.service",
];

/**
 * Arguments that switch SELinux on when the release has it configured: Debian's kernel takes AppArmor otherwise
 * (Documentation/admin-guide/kernel-parameters.txt, `security=`).
 */
export function selinuxArguments(repo: Repo, commit: Checksum): string[] {
  const found = tryFindInCommit(repo, commit, "/usr/etc/selinux/config");
  if (found?.type !== "file") return [];
  const text = repo.loadFile(found.checksum).content().toString();
  return /^\s*SELINUX\s*=\s*(permissive|enforcing)\s*$/m.test(text) ? ["security=selinux"] : [];
}
