// SPDX-License-Identifier: Apache-2.0
/** Writes a release to a machine's disk, from the running system or from a repository (bootc's `install to-disk`). */
import { closeSync, fsyncSync, mkdtempSync, openSync } from "node:fs";
import { join } from "node:path";
import { type ProgressListener, removeTree, run, silent, stage } from "../base/index.ts";
import { type Checksum, Repo } from "../ostree/index.ts";
import { selinuxArguments, standardArguments } from "./boot-arguments.ts";
import { writeDisk } from "./disk.ts";
import { imageError } from "./errors.ts";
import { randomUuids } from "./guid.ts";
import { mebibyte } from "./layout.ts";
import { measureTree, smallestDisk } from "./measure.ts";
import { prepareSysroot, type SysrootOptions } from "./sysroot.ts";
import { inspectDisk, type TargetDisk } from "./target-disk.ts";

export interface InstallOptions extends Pick<SysrootOptions, "ref" | "commit" | "stateroot" | "remote"> {
  /** A whole disk, or a file in its place. */
  readonly disk: string;
  /** Path of the repository with the release. */
  readonly repo: string;
  /** What is on the disk may go. */
  readonly wipe?: boolean;
  /** Added to what is needed to find the root file system. */
  readonly kernelArgs?: readonly string[];
  /** Of the root file system; default `root`. It must not be that of another disk of the machine. */
  readonly label?: string;
  /** Where the release is laid out first: it takes its size there for a while. */
  readonly scratch?: string;
}

export interface Installed {
  readonly disk: string;
  readonly size: number;
  readonly title: string;
  readonly checksum: Checksum;
  readonly stateroot: string;
  /** What was on the disk. */
  readonly wiped: readonly string[];
}

/** Everything is checked and laid out before the disk is touched; from then on a failure leaves a disk that is to be written again. */
export async function installToDisk(options: InstallOptions, progress: ProgressListener = silent): Promise<Installed> {
  if (process.getuid?.() !== 0)
    throw imageError("needs-root", "the disk's files belong to root and other users", { hint: "run it with sudo" });
  const disk = await inspectDisk(options.disk);
  refuseContent(disk, options.wipe ?? false);
  await refuseSecondLabel(disk, options.label ?? "root");
  const repo = Repo.open(options.repo);
  const commit = options.commit ?? repo.resolve(options.ref);
  const scratch = mkdtempSync(join(options.scratch ?? "/var/tmp", "atomic-install-"));
  try {
    return await installFrom(scratch, repo, disk, { ...options, commit }, progress);
  } finally {
    removeTree(scratch);
  }
}

function refuseContent({ path, found }: TargetDisk, wipe: boolean): void {
  if (found.length === 0 || wipe) return;
  throw imageError("disk-not-empty", `${path} has ${found.join(", ")}`, { hint: "--wipe  if all on it may go" });
}

/** Boot loader and kernel find their root by it: with both disks in the machine it would be left to chance which one boots. */
async function refuseSecondLabel({ path, isDevice }: TargetDisk, label: string): Promise<void> {
  if (!isDevice) return;
  const { stdout } = await run("blkid", ["-L", label], { accept: [0, 2] });
  const other = stdout.trim();
  if (other === "" || other.startsWith(path)) return;
  throw imageError("unusable-option", `${other} has the label ${label} already`, { hint: "--label=NAME  another one" });
}

async function installFrom(
  scratch: string,
  source: Repo,
  disk: TargetDisk,
  options: InstallOptions & { readonly commit: Checksum },
  progress: ProgressListener,
): Promise<Installed> {
  const { ref, commit, stateroot, remote, label = "root", kernelArgs = [] } = options;
  const args = [...standardArguments(label), ...selinuxArguments(source, commit), ...kernelArgs];
  const directory = join(scratch, "sysroot");
  const prepared = await prepareSysroot(
    directory,
    { source, ref, commit, stateroot, kernelArgs: args, remote },
    progress,
  );
  const smallest = smallestDisk(measureTree(directory));
  if (disk.size < smallest)
    throw imageError("size", `the release needs ${smallest / mebibyte} MiB, ${disk.path} has ${disk.size / mebibyte}`);
  const { path, size, found } = disk;
  const target = { source: directory, size, label, uuids: randomUuids, immutable: [prepared.deployment] };
  await stage(progress, "disk", "Disk", async () => {
    // What is left of it would be found behind what is written now.
    await run("wipefs", ["--all", "--quiet", path]);
    await writeDisk(path, { ...target, scratch: join(scratch, "files"), existing: true });
    await settle(path);
  });
  return { disk: path, size, title: prepared.title, checksum: commit, stateroot, wiped: found };
}

/** On the disk when it returns; the kernel is told of the partitions, which a file has not. */
async function settle(path: string): Promise<void> {
  const fd = openSync(path, "r+");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  await run("blockdev", ["--rereadpt", path], { accept: [0, 1] });
}
