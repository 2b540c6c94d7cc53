// SPDX-License-Identifier: Apache-2.0
/** The kernel's name of a machine (rpm-ostree's basearch) and Debian's name of the same. */
const debianNames: Readonly<Record<string, string>> = {
  x86_64: "amd64",
  aarch64: "arm64",
  armhfp: "armhf",
  i386: "i386",
  ppc64le: "ppc64el",
  s390x: "s390x",
  riscv64: "riscv64",
};

export function debianArchitecture(basearch: string): string {
  return debianNames[basearch] ?? basearch;
}

/** basearch of the machine that this runs on. */
export function hostArchitecture(): string {
  return { x64: "x86_64", arm64: "aarch64", ppc64: "ppc64le" }[process.arch as string] ?? process.arch;
}
