// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { join } from "node:path";
import { run } from "../base/index.ts";

/** `kept`: it should have been rebuilt, but that failed; the administrator's own build is used as it is. */
export type PolicyState = "unchanged" | "refreshed" | "kept";

/**
 * Rebuilds the SELinux policy in a new deployment when the administrator has changed the policy store below /etc: the
 * merge brought the policy that was built from the old version's modules (`sysroot_finalize_selinux_policy`, which does
 * so always; it takes a minute of a slow machine). A failure does not hold up the update.
 * @param tree the deployment's root
 * @param changed paths that the merge of /etc carried over
 */
export async function refreshPolicy(tree: string, changed: readonly string[]): Promise<PolicyState> {
  const touched = changed.some((path) => path.startsWith("selinux/"));
  if (!touched || !existsSync(join(tree, "etc/selinux/config"))) return "unchanged";
  try {
    await run("bwrap", [...sandbox(tree), "--", "semodule", "-N", "--refresh"]);
    return "refreshed";
  } catch {
    return "kept";
  }
}

/** The deployment's own programs see its /usr read-only and its /etc; nothing else of the machine. */
function sandbox(tree: string): string[] {
  const links = ["lib", "lib32", "lib64", "bin", "sbin"].flatMap((name) => ["--symlink", `/usr/${name}`, `/${name}`]);
  const binds = ["--ro-bind", join(tree, "usr"), "/usr", "--bind", join(tree, "etc"), "/etc"];
  const mounts = ["--dev", "/dev", "--proc", "/proc", "--tmpfs", "/run", "--tmpfs", "/tmp", "--tmpfs", "/var"];
  const unshare = ["--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-ipc", "--unshare-cgroup-try"];
  return [...binds, ...links, ...mounts, ...unshare, "--chdir", "/", "--die-with-parent"];
}
