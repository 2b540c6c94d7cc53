// SPDX-License-Identifier: Apache-2.0
import { type Checksum, type Repo, tryFindInCommit } from "../ostree/index.ts";

/** Both consoles; the last one is where systemd's messages and the login go. */
export const consoleArguments: readonly string[] = ["console=tty0", "console=ttyS0,115200n8"];

/**
 * Shorten the boot of an emulated machine, where every instruction costs; none changes what the system consists of.
 * Without `ssh_auto=no`, systemd-ssh-generator makes the kernel load drivers of other hypervisors, which takes 25 s.
 * `rcupdate.rcu_expedited` and the watchdogs are about time only. The clock's own options are left alone: with
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
