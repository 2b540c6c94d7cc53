// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { baseError, findProgram, run, type ProgressListener, stage } from "../base/index.ts";
import { cliError } from "./errors.ts";

/** A system program or file that some commands need, and the packages that have it. */
export interface Requirement {
  /** Program name, or an absolute path of a file. */
  readonly name: string;
  readonly debian: string;
  readonly fedora: string;
  /** Commands that need it. */
  readonly neededBy: readonly ("compose" | "image" | "run" | "containers" | "links")[];
}

export const requirements: readonly Requirement[] = [
  { name: "bwrap", debian: "bubblewrap", fedora: "bubblewrap", neededBy: ["compose"] },
  { name: "xz", debian: "xz-utils", fedora: "xz", neededBy: ["compose"] },
  {
    name: "/usr/share/keyrings/debian-archive-keyring.gpg",
    debian: "debian-archive-keyring",
    fedora: "debian-keyring",
    neededBy: ["compose"],
  },
  { name: "mke2fs", debian: "e2fsprogs", fedora: "e2fsprogs", neededBy: ["image"] },
  { name: "debugfs", debian: "e2fsprogs", fedora: "e2fsprogs", neededBy: ["image"] },
  { name: "mkfs.vfat", debian: "dosfstools", fedora: "dosfstools", neededBy: ["image"] },
  { name: "mcopy", debian: "mtools", fedora: "mtools", neededBy: ["image"] },
  { name: "grub-mkimage", debian: "grub-common", fedora: "grub2-tools", neededBy: ["image"] },
  { name: "/usr/lib/grub/i386-pc/boot.img", debian: "grub-pc-bin", fedora: "grub2-pc-modules", neededBy: ["image"] },
  {
    name: "/usr/lib/grub/x86_64-efi/normal.mod",
    debian: "grub-efi-amd64-bin",
    fedora: "grub2-efi-x64-modules",
    neededBy: ["image"],
  },
  { name: "qemu-img", debian: "qemu-utils", fedora: "qemu-img", neededBy: ["image"] },
  { name: "skopeo", debian: "skopeo", fedora: "skopeo", neededBy: ["containers"] },
  { name: "nft", debian: "nftables", fedora: "nftables", neededBy: ["links"] },
  { name: "ip", debian: "iproute2", fedora: "iproute", neededBy: ["links"] },
  { name: "nsenter", debian: "util-linux", fedora: "util-linux-core", neededBy: ["links"] },
  { name: "qemu-system-x86_64", debian: "qemu-system-x86", fedora: "qemu-system-x86-core", neededBy: ["run"] },
];

export interface Missing {
  readonly requirements: readonly Requirement[];
  /** The command that installs them. */
  readonly install: readonly string[];
}

/** What of the requirements this machine lacks. */
export function findMissing(among: readonly Requirement[] = requirements): Missing {
  const missing = among.filter(({ name }) => !isPresent(name));
  const debian = findProgram("apt-get") !== undefined;
  const packages = [...new Set(missing.map((one) => (debian ? one.debian : one.fedora)))];
  const install = debian
    ? ["apt-get", "install", "--yes", "--no-install-recommends", ...packages]
    : ["dnf", "install", "--assumeyes", ...packages];
  return { requirements: missing, install };
}

function isPresent(name: string): boolean {
  if (!name.startsWith("/")) return findProgram(name) !== undefined;
  try {
    readFileSync(name, { flag: "r" });
    return true;
  } catch {
    return false;
  }
}

/** Installs what the quickstart misses, as root; otherwise one error that names the command to give. */
export async function installMissing(progress: ProgressListener): Promise<void> {
  const needed = requirements.filter(({ neededBy }) => neededBy.some((what) => what !== "containers"));
  const { requirements: missing, install } = findMissing(needed);
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name).join(", ");
  if (process.getuid?.() !== 0) {
    throw baseError("program-missing", `missing: ${names}`, { hint: `sudo ${install.join(" ")}` });
  }
  const [command, ...args] = install;
  if (findProgram(command!) === undefined) {
    throw cliError("needs-root", `missing: ${names}, and neither apt-get nor dnf is here to install them`);
  }
  await stage(
    progress,
    "install",
    "Install",
    async () => {
      if (command === "apt-get") await run("apt-get", ["update"]);
      await run(command!, args, { env: { DEBIAN_FRONTEND: "noninteractive" } });
    },
    () => names,
  );
}
