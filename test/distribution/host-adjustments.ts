// SPDX-License-Identifier: Apache-2.0
/** Of packages that a host has besides. */
import type { Adjustments } from "./adjustments.ts";

export const hostAdjustments: Adjustments = {
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
  systemd: {
    scriptlets: `
%posttrans
systemctl --no-reload preset getty@tty1.service remote-fs.target systemd-pstore.service || :
%transfiletriggerin -P 1000700 -- /usr/lib/sysusers.d
systemd-sysusers || :
%transfiletriggerin -P 1000699 -- /usr/lib/systemd/catalog
journalctl --update-catalog || :`,
  },
  udev: {
    scriptlets: `
%transfiletriggerin -P 1000699 -- /usr/lib/udev/hwdb.d
systemd-hwdb --usr update || :`,
  },
  // As packages did before rpm 4.19 made accounts by itself.
  "dbus-system-bus-common": {
    requires: ["passwd"],
    scriptlets: `
%pre
getent group messagebus >/dev/null || groupadd --system messagebus
getent passwd messagebus >/dev/null ||
  useradd --system --gid messagebus --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin messagebus`,
  },
  // What dpkg-statoverride(1) sets.
  dbus: {
    requires: ["group(messagebus)"],
    attributes: { "usr/lib/dbus-1.0/dbus-daemon-launch-helper": "%attr(4754,root,messagebus)" },
  },
  "openssh-server": {
    install: `mkdir -p %{buildroot}/etc/ssh
cp %{buildroot}/usr/share/openssh/sshd_config %{buildroot}/etc/ssh/sshd_config`,
    files: ["%config(noreplace) %attr(0600,root,root) /etc/ssh/sshd_config"],
  },
  "ca-certificates": {
    install: `cd %{buildroot}
(cd usr/share/ca-certificates && find . -name '*.crt' | sort | sed 's,^[.]/,,') >etc/ca-certificates.conf`,
    files: ["%config(noreplace) /etc/ca-certificates.conf"],
    scriptlets: `
%posttrans
update-ca-certificates --hooksdir ""`,
  },
  policycoreutils: {
    remove: ["etc/init.d"],
    install: `mkdir -p %{buildroot}/etc/selinux
printf 'SELINUX=permissive\\nSELINUXTYPE=default\\n' >%{buildroot}/etc/selinux/config`,
    files: ["%config(noreplace) /etc/selinux/config"],
  },
  // The store of modules is no state: it is a part of the release.
  "libsemanage-common": {
    install: "echo store-root=/etc/selinux >>%{buildroot}/etc/selinux/semanage.conf",
  },
  "selinux-policy-default": {
    remove: ["var"],
    scriptlets: `
%posttrans
cd /usr/share/selinux/default
semodule -X 100 -n -s default -i *.pp.bz2`,
  },
};
