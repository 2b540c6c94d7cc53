// SPDX-License-Identifier: Apache-2.0
/** Requests whose solutions are compared with apt's, and the archive they are for. */
import type { AptSource } from "../../../src/packages/index.ts";

const debian = { uri: "http://deb.debian.org/debian", components: ["main"], architecture: "amd64" };

export const trixie: readonly AptSource[] = [
  { ...debian, suite: "trixie" },
  { ...debian, suite: "trixie-updates" },
  { ...debian, suite: "trixie-security", uri: "http://deb.debian.org/debian-security" },
];

export const containerHost =
  "systemd systemd-sysv dbus podman crun netavark aardvark-dns passt openssh-server linux-image-cloud-amd64 ostree ostree-boot dracut selinux-policy-default policycoreutils bubblewrap iproute2 nftables systemd-resolved udev kmod procps less login passwd libpam-systemd ca-certificates e2fsprogs".split(
    " ",
  );

export const requests: readonly (readonly string[])[] = [
  containerHost,
  [],
  ["nginx"],
  ["apache2", "php"],
  ["postgresql"],
  ["mariadb-server"],
  ["python3"],
  ["python3-pip", "python3-venv"],
  ["default-mta"],
  ["postfix", "dovecot-imapd"],
  ["bsd-mailx"],
  ["mutt", "exim4"],
  ["docker.io"],
  ["podman", "buildah", "skopeo"],
  ["kubernetes-client"],
  ["gnome-core"],
  ["task-xfce-desktop"],
  ["kde-plasma-desktop"],
  ["xorg", "firefox-esr"],
  ["libreoffice"],
  ["build-essential"],
  ["debhelper", "devscripts"],
  ["default-jdk"],
  ["tomcat10"],
  ["golang", "rustc", "cargo"],
  ["r-base"],
  ["texlive-latex-base"],
  ["emacs", "vim"],
  ["git", "subversion"],
  ["network-manager"],
  ["initramfs-tools", "linux-image-amd64"],
  ["grub-efi-amd64", "grub-pc-bin"],
  ["cockpit"],
  ["samba", "winbind"],
  ["qemu-system-x86", "libvirt-daemon-system"],
  ["sysvinit-core"],
  ["runit-init"],
  ["systemd-sysv", "rsyslog", "cron"],
  ["logrotate", "anacron"],
  ["wordpress"],
  ["nextcloud-desktop"],
  ["ruby-rails"],
  ["nodejs", "npm"],
  ["ansible"],
  ["prometheus", "grafana-agent"],
  ["tasksel", "task-ssh-server"],
  ["bind9", "unbound"],
  ["wget", "curl"],
  ["lxc", "incus"],
  ["flatpak", "snapd"],
];
