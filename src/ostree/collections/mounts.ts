// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { userName } from "../../base/index.ts";

/** Kinds of file systems that hold nobody's data, and those of the system itself (g_unix_is_system_fs_type). */
const systemTypes: ReadonlySet<string> = new Set(
  `auto autofs bdev bpf cgroup cgroup2 configfs cpuset debugfs devfs devpts devtmpfs ecryptfs efivarfs fdescfs fusectl
   fuse.gvfsd-fuse fuse.portal gfs gfs2 gpfs hugetlbfs kernfs linprocfs linsysfs lustre lustre_lite mfs mqueue ncpfs nfsd
   nullfs ocfs2 overlay proc procfs pstore ptyfs ramfs rootfs rpc_pipefs securityfs selinuxfs sysfs tmpfs tracefs usbfs
   zfs`.split(/\s+/),
);

/**
 * Where removable media are mounted, as desktops judge it: below /media and the user's own directory in /run/media and
 * home (g_unix_mount_entry_guess_should_display).
 */
export function listMediaMounts(table = readFileSync("/proc/self/mounts", "utf8")): string[] {
  const roots = ["/media/", `/run/media/${userName()}/`, `${homedir()}/`];
  const found = table.split("\n").flatMap((line) => {
    const [, path = "", type = ""] = line.split(" ").map(unescapeField);
    const shown = roots.some((root) => path.startsWith(root)) && !path.includes("/.");
    return shown && !systemTypes.has(type) ? [path] : [];
  });
  return [...new Set(found)];
}

/** Blanks stand in the table as octal numbers (getmntent(3)). */
function unescapeField(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
