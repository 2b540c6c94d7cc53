// SPDX-License-Identifier: Apache-2.0
import { existsSync, lstatSync, mkdtempSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { type ProgressListener, removeTree, run, silent, stage, syncDirectory } from "../base/index.ts";
import { Repo, readTree, type Checksum, type TreeNode } from "../ostree/index.ts";
import { selinuxArguments, standardArguments } from "./boot-arguments.ts";
import { writeDisk } from "./disk.ts";
import { imageError } from "./errors.ts";
import { randomUuids, seededUuids } from "./guid.ts";
import { mebibyte } from "./layout.ts";
import { chooseDiskSize, measureTree, requireFreeSpace } from "./measure.ts";
import type { DiskFormat } from "./qemu.ts";
import { clampTimes } from "./times.ts";
import { prepareSysroot, type PreparedSysroot } from "./sysroot.ts";

export interface BuildOptions {
  /** Path of the repository with the release. */
  readonly repo: string;
  readonly ref: string;
  /** The disk file; an existing one is replaced when the new one is complete. */
  readonly output: string;
  readonly format: DiskFormat;
  /** Bytes, a multiple of 1 MiB. */
  readonly size?: number;
  /** Default: the first part of the ref. */
  readonly stateroot?: string;
  /** Added to what is needed to find the root file system. */
  readonly kernelArgs?: readonly string[];
  /** Default: the stateroot's name. */
  readonly remoteName?: string;
  /** Default: where `atomic image run` serves the repository. */
  readonly remoteUrl?: string;
  /** File with the OpenPGP keys that releases must be signed with. */
  readonly remoteKeys?: string;
  /** False: take unsigned releases from `remoteUrl`. The default URL is the machine that runs the guest: not checked. */
  readonly gpgVerify?: boolean;
  /** Label of the root file system. */
  readonly label?: string;
  /** Seconds since 1970: identifiers depend on the release only, and nothing is newer. Builds of one machine are equal. */
  readonly timestamp?: number;
}

export interface BuiltImage {
  readonly output: string;
  readonly format: DiskFormat;
  /** Size that the machine sees, and bytes used by the file. */
  readonly size: number;
  readonly allocated: number;
  readonly title: string;
  readonly checksum: string;
  readonly stateroot: string;
  readonly remote: { readonly name: string; readonly url: string };
}

/** Port on which `image run` serves the repository; the guest sees the machine that runs it as 10.0.2.2. */
export const servePort = 8421;
export const guestRemoteUrl = `http://10.0.2.2:${servePort}/`;

/**
 * Makes a disk from a release: partitions, boot loaders for BIOS and UEFI, and one deployment. Nothing is mounted.
 * Space is checked first, the file gets its name when it is complete, and a failure leaves nothing.
 */
export async function buildImage(options: BuildOptions, progress: ProgressListener = silent): Promise<BuiltImage> {
  const output = resolve(options.output);
  const source = checkRequest(options, output);
  const scratch = mkdtempSync(join(dirname(output), `.${basename(output)}.build-`));
  try {
    return await buildIn(scratch, source, { ...options, output }, progress);
  } finally {
    removeTree(scratch);
  }
}

/** Boot loaders, and the structures of empty file systems. */
const fixedSpace = 32 * mebibyte;

function checkRequest({ repo, ref, size, ...options }: BuildOptions, output: string): Repo {
  if (process.getuid?.() !== 0) {
    throw imageError("needs-root", "the disk's files belong to root and other users", { hint: "run it with sudo" });
  }
  if (options.remoteUrl !== undefined && options.remoteKeys === undefined && options.gpgVerify !== false) {
    throw imageError("unusable-option", `nothing to check releases from ${options.remoteUrl} with`, {
      hint: "--remote-key=FILE  names the keys that sign them; --no-gpg-verify  takes them unchecked",
    });
  }
  if (!existsSync(dirname(output))) throw imageError("unusable-option", `${dirname(output)} does not exist`);
  if (existsSync(output) && !statSync(output).isFile()) {
    throw imageError("unusable-option", `${output} is not a file`, { hint: "images are written to files only" });
  }
  const source = Repo.open(repo);
  const content = estimateContent(source, source.resolve(ref));
  if (size !== undefined) chooseDiskSize({ bytes: content, inodes: 0 }, size);
  // Once as a sysroot directory, once inside of the disk.
  requireFreeSpace(output, 2 * content + fixedSpace);
  return source;
}

/** Bytes of a commit's files as stored; those of an archive are compressed, so that this is the least they take. */
function estimateContent(repo: Repo, commit: Checksum): number {
  const seen = new Set<string>();
  const visit = (node: TreeNode): number => {
    if (node.kind === "dir") return [...node.entries.values()].reduce((sum, child) => sum + visit(child), 0);
    if (node.source.type !== "object" || seen.has(node.source.checksum)) return 0;
    seen.add(node.source.checksum);
    return lstatSync(repo.objectPath(node.source.checksum, "file"), { throwIfNoEntry: false })?.size ?? 0;
  };
  return visit(readTree(repo, commit));
}

async function buildIn(
  scratch: string,
  source: Repo,
  options: BuildOptions,
  progress: ProgressListener,
): Promise<BuiltImage> {
  const stateroot = options.stateroot ?? options.ref.split("/")[0] ?? options.ref;
  const label = options.label ?? "root";
  const remote = { name: options.remoteName ?? stateroot, url: options.remoteUrl ?? guestRemoteUrl };
  const selinux = selinuxArguments(source, source.resolve(options.ref));
  const standard = [...standardArguments(label), ...selinux];
  const directory = join(scratch, "sysroot");
  const prepared = await prepareSysroot(
    directory,
    {
      source,
      ref: options.ref,
      stateroot,
      kernelArgs: [...standard, ...(options.kernelArgs ?? [])],
      remote: { ...remote, ...(options.remoteKeys === undefined ? {} : { gpgKeys: options.remoteKeys }) },
    },
    progress,
  );
  const content = measureTree(directory);
  const size = chooseDiskSize(content, options.size);
  requireFreeSpace(options.output, content.bytes);
  const raw = join(scratch, "disk.raw");
  await stage(
    progress,
    "disk",
    "Disk",
    () => writeRaw(raw, directory, { ...options, size, label }, prepared),
    () => `${size / 1024 ** 3} GiB, ${content.inodes} files`,
  );
  const finished = options.format === "raw" ? raw : await stage(progress, "convert", "Convert", () => toQcow2(raw));
  const allocated = statSync(finished).blocks * 512;
  renameSync(finished, options.output);
  syncDirectory(dirname(options.output));
  const { output, format } = options;
  return { output, format, size, allocated, title: prepared.title, checksum: prepared.checksum, stateroot, remote };
}

async function writeRaw(
  path: string,
  source: string,
  options: BuildOptions & { size: number; label: string },
  prepared: PreparedSysroot,
): Promise<void> {
  const { size, label, timestamp } = options;
  if (timestamp !== undefined) clampTimes(source, timestamp);
  await writeDisk(path, {
    source,
    size,
    label,
    uuids: timestamp === undefined ? randomUuids : seededUuids(prepared.checksum),
    ...(timestamp === undefined ? {} : { timestamp }),
    immutable: [prepared.deployment],
    scratch: join(dirname(path), "files"),
  });
}

async function toQcow2(raw: string): Promise<string> {
  const path = join(dirname(raw), "disk.qcow2");
  await run("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", raw, path]);
  rmSync(raw);
  return path;
}
