// SPDX-License-Identifier: Apache-2.0
/** What the conversion of single packages has besides the rules for all: mostly what their maintainer scripts do. */

export interface Adjustment {
  /** Names of dependencies that RPM's package does not have. */
  readonly drop?: readonly string[];
  readonly provides?: readonly string[];
  /** Shell commands in %install, after the package was unpacked in `%{buildroot}`. */
  readonly install?: string;
  /** Paths that are taken out, with all below them, before `install` runs. */
  readonly remove?: readonly string[];
  /** Paths that %files does not list, with all below them. */
  readonly omit?: readonly string[];
  /** Further lines of %files. */
  readonly files?: readonly string[];
  /** `%attr` or `%caps` by path. */
  readonly attributes?: Readonly<Record<string, string>>;
  readonly scriptlets?: string;
}

/** By name; a name in slashes is a pattern. */
const adjustments: Readonly<Record<string, Adjustment>> = {
  // The kernel lies where composers and kernel-install(8) look for it.
  "/^linux-image-[0-9]/": {
    provides: ["kernel", "installonlypkg(kernel)"],
    omit: ["boot"],
    install: `cd %{buildroot}
modules=$(echo usr/lib/modules/*)
for name in vmlinuz config System.map; do cp boot/$name-* $modules/$name; done`,
    files: [
      ...["vmlinuz", "config", "System.map"].map((name) => `/usr/lib/modules/*/${name}`),
      "%ghost /boot/vmlinuz-*",
      "%exclude /boot/config-*",
      "%exclude /boot/System.map-*",
    ],
  },
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
cp usr/share/base-passwd/passwd.master etc/passwd
cp usr/share/base-passwd/group.master etc/group
: >etc/subuid
: >etc/subgid`,
    files: ["passwd", "group", "subuid", "subgid"].map(
      (name) => `%verify(not md5 size mtime) %config(noreplace) /etc/${name}`,
    ),
  },
  dash: { provides: ["/bin/sh"] },
  bash: { provides: ["/bin/bash"] },
  libc6: { provides: ["rtld(GNU_HASH)"] },
  "libc-bin": {
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

export function adjustmentOf(name: string): Adjustment {
  const matches = (pattern: string) => pattern.startsWith("/") && new RegExp(pattern.slice(1, -1)).test(name);
  return adjustments[name] ?? adjustments[Object.keys(adjustments).find(matches) ?? ""] ?? {};
}
