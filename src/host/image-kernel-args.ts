// SPDX-License-Identifier: Apache-2.0
/** Kernel arguments that a version itself asks for: /usr/lib/bootc/kargs.d/*.toml, as bootc has it. */
import { parseBootcKargs } from "../formats/index.ts";
import { type Checksum, type Repo, tryFindInCommit } from "../ostree/index.ts";
import { appendKernelArg, type KernelArgs } from "./kernel-args.ts";

const directory = "usr/lib/bootc/kargs.d";

/** Each is some lines. */
const largestFile = 1 << 20;

/** Rust's names of architectures by Node's. */
const architectures: Readonly<Record<string, string>> = {
  x64: "x86_64",
  arm64: "aarch64",
  ppc64: "powerpc64",
  s390x: "s390x",
  riscv64: "riscv64",
};

/** Those of a commit, by the names of the files, for the architecture (bootc `get_kargs_from_ostree`). */
export function imageKernelArgs(repo: Repo, commit: Checksum, architecture = process.arch as string): KernelArgs {
  const found = tryFindInCommit(repo, commit, directory);
  if (found?.type !== "dir") return [];
  const files = repo.loadDirTree(found.tree).files.filter(({ name }) => name.endsWith(".toml"));
  return files
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ name, checksum }) => {
      const file = repo.loadFile(checksum);
      if (file.size > largestFile) return [];
      const fragment = parseBootcKargs(Buffer.from(file.content()).toString(), `${directory}/${name}`);
      const own = architectures[architecture] ?? architecture;
      return fragment.architectures?.includes(own) === false ? [] : fragment.kargs;
    });
}

/**
 * Carries what versions ask for from one to the next: what the old one asked for and the new one does not goes away, what
 * is new is added; what the owner of the host set or removed stays so (bootc `get_kargs`).
 * @param since the version before; undefined: this is the first
 */
export function carryImageKernelArgs(
  repo: Repo,
  args: KernelArgs,
  since: Checksum | undefined,
  to: Checksum,
): KernelArgs {
  const before = since === undefined ? [] : imageKernelArgs(repo, since);
  const after = imageKernelArgs(repo, to);
  const kept = before.filter((arg) => !after.includes(arg)).reduce(withoutOne, args);
  return after.filter((arg) => !before.includes(arg)).reduce(appendKernelArg, kept);
}

function withoutOne(args: KernelArgs, arg: string): KernelArgs {
  const at = args.indexOf(arg);
  return at < 0 ? args : args.toSpliced(at, 1);
}
