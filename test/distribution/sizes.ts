// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export type DistributionSize = "features" | "base" | "host";

/** What each size has of Debian; what these depend on comes with them. */
export const packageLists: Readonly<Record<DistributionSize, readonly string[]>> = {
  features: [],
  base: "bash coreutils grep sed mawk dash libc-bin base-passwd systemd-standalone-sysusers".split(" "),
  // What Debian calls essential is named, since nothing depends on it.
  host: `base-files base-passwd bash bsdutils coreutils dash debianutils diffutils findutils grep gzip hostname libc-bin
    login mawk mount ncurses-base ncurses-bin passwd sed tar util-linux libpam-runtime libpam-modules
    systemd systemd-sysv systemd-resolved libpam-systemd dbus udev kmod linux-image-cloud-amd64
    ostree ostree-boot dracut bubblewrap rpm
    podman crun netavark aardvark-dns nftables
    openssh-server iproute2 ca-certificates selinux-policy-default policycoreutils
    e2fsprogs procps less zstd`.split(/\s+/),
};

/** Hand-written packages that can be installed together. */
export const featurePackages = "files files-data lua triggers accounts multilib relations"
  .split(" ")
  .map((name) => `feature-${name}`);

/** Writes a treefile that composes the distribution, and returns its path. */
export function writeTreefile(directory: string, size: DistributionSize, repository: string): string {
  const path = join(directory, "host.yaml");
  const own = size === "host" ? ["host-config"] : featurePackages;
  writeFileSync(
    path,
    `ref: test/x86_64/${size}
releasever: "1"
automatic-version-prefix: "1"
repos: [${repository}]
packages:
${[...packageLists[size], ...own].map((name) => `  - ${name}\n`).join("")}
recommends: false
${size === "host" ? host : "selinux: false\n"}`,
  );
  return path;
}

const system = join(import.meta.dirname, "../../system/systemd");

/** As in examples/debian-container-host.yaml. */
const host = `documentation: false
install-langs: [en]
# A link to /sysroot, rpm-ostree's default, leads to where nothing can be written.
tmp-is-dir: true
default-target: multi-user.target
mutate-os-release: "1"
units:
  - atomic-finalize-staged.path
  - atomic-boot-menu.path
  - systemd-networkd.service
  - systemd-resolved.service
  - ssh.service
add-files:
${[
  "atomic-finalize-staged.service",
  "atomic-finalize-staged.path",
  "atomic-boot-menu.service",
  "atomic-boot-menu.path",
  "ostree-finalize-staged.service.d",
  "ostree-boot-complete.service.d",
]
  .map((name) => `  - [${join(system, name)}, /usr/lib/systemd/system/${name}]\n`)
  .join("")}`;
