// SPDX-License-Identifier: Apache-2.0
/** Of packages that every root has. */
import type { Adjustments } from "./adjustments.ts";

/** Of files that change with each account. */
const account = "%verify(not md5 size mtime) %config(noreplace)";

export const baseAdjustments: Adjustments = {
  "base-files": {
    provides: ["filesystem"],
    remove: ["var/run", "var/lock", "var/lib/dpkg"],
    install: `cd %{buildroot}
mkdir -p mnt srv opt media usr/local/bin usr/local/lib usr/local/sbin usr/local/share var/opt
ln -s ../run var/run
ln -s ../run/lock var/lock
cp usr/share/base-files/profile etc/profile`,
    files: [
      ..."mnt srv opt media usr/local usr/local/bin usr/local/lib usr/local/sbin usr/local/share var/opt"
        .split(" ")
        .map((path) => `%dir /${path}`),
      "/var/run",
      "/var/lock",
      "%config(noreplace) /etc/profile",
    ],
  },
  "base-passwd": {
    drop: ["libdebconfclient0"],
    provides: accounts(
      "root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc _apt nobody",
      "root daemon bin sys adm tty disk lp mail news uucp man proxy kmem dialout fax voice cdrom floppy tape sudo audio dip www-data backup operator list irc src shadow utmp video sasl plugdev staff games users nogroup",
    ),
    remove: ["usr/sbin/update-passwd"],
    install: `cd %{buildroot}
mkdir etc
sed 's/:\\*:/:x:/' usr/share/base-passwd/passwd.master >etc/passwd
sed 's/:\\*:/:x:/' usr/share/base-passwd/group.master >etc/group
sed 's/:.*/:*:20000:0:99999:7:::/' etc/passwd >etc/shadow
sed 's/:.*/:*::/' etc/group >etc/gshadow
: >etc/subuid
: >etc/subgid`,
    files: [
      ...["passwd", "group", "subuid", "subgid"].map((name) => `${account} /etc/${name}`),
      ...["shadow", "gshadow"].map((name) => `${account} %attr(0640,root,root) /etc/${name}`),
    ],
  },
  dash: { provides: ["/bin/sh"] },
  bash: { provides: ["/bin/bash"] },
  libc6: { provides: ["rtld(GNU_HASH)"] },
  debianutils: {
    install: `mkdir %{buildroot}/etc
cp %{buildroot}/usr/share/debianutils/shells %{buildroot}/etc/shells
for shell in sh dash bash; do printf '/bin/%s\\n/usr/bin/%s\\n' $shell $shell; done >>%{buildroot}/etc/shells`,
    files: ["%config(noreplace) /etc/shells"],
  },
  "libc-bin": {
    install: "cp %{buildroot}/usr/share/libc-bin/nsswitch.conf %{buildroot}/etc/nsswitch.conf",
    files: ["%config(noreplace) /etc/nsswitch.conf"],
    scriptlets: `
%transfiletriggerin -P 2000000 -- /usr/lib
/usr/sbin/ldconfig
%transfiletriggerpostun -P 2000000 -- /usr/lib
/usr/sbin/ldconfig`,
  },
  "systemd-standalone-sysusers": {
    scriptlets: `
%transfiletriggerin -P 1000700 -- /usr/lib/sysusers.d
/usr/bin/systemd-sysusers || :`,
  },
};

function accounts(users: string, groups: string): string[] {
  return [...users.split(" ").map((name) => `user(${name})`), ...groups.split(" ").map((name) => `group(${name})`)];
}
