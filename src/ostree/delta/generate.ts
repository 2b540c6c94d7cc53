// SPDX-License-Identifier: Apache-2.0
/** Making a static delta (ostree_repo_static_delta_generate). */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import {
  listDirectory,
  makeDirectories,
  type ProgressListener,
  readIfExists,
  removeTree,
  silent,
  stage,
  syncDirectory,
  temporaryName,
  WorkerPool,
  writeFileAtomic,
} from "../../base/index.ts";
import { SerializedGVariant, type Variant } from "../../formats/index.ts";
import { deltaPath } from "../delta-names.ts";
import type { Checksum } from "../model.ts";
import type { Repo } from "../repo.ts";
import { type Signer, signDetached } from "../sign/signer.ts";
import { planDelta } from "./delta-plan.ts";
import { selectEncodings } from "./select-encodings.ts";
import { type Endianness, encodeSignedDelta, encodeSuperblock, type Fallback, type PartHeader } from "./format.ts";
import { type EncodingCounts, generateParts } from "./generate-parts.ts";

export interface GenerateDeltaOptions {
  /** Absent: the delta starts from nothing. */
  readonly from?: Checksum | undefined;
  readonly to: Checksum;
  /** Parts go into the superblock, which is then all of the delta. */
  readonly inline?: boolean;
  /** Bytes of a file without old version above which it is fetched by itself; 0: never. Default 4 MB. */
  readonly minFallbackSize?: number;
  /** Bytes of a file and its old version together up to which bsdiff is tried. Default 128 MB. */
  readonly maxBsdiffSize?: number;
  /** Bytes of a part before compression; default 32 MB. */
  readonly maxChunkSize?: number;
  /** Whether bsdiff patches may be used; default true. */
  readonly bsdiff?: boolean;
  /** Byte order of the superblock's sizes; default little-endian. */
  readonly endianness?: Endianness;
  /** Put first into the superblock's metadata: bundles are recognised by it. */
  readonly metadata?: ReadonlyMap<string, Variant>;
  /** Where the superblock goes instead of into the repository; parts go beside it. */
  readonly filename?: string;
  /** They sign the superblock, inline parts included. */
  readonly signers?: readonly Signer[];
  /** Seconds since 1970; default the time of the commit, so that the same commits give the same delta. */
  readonly timestamp?: bigint;
  /** Worker threads; they do not change the result. Default one per core, at most 8. */
  readonly threads?: number;
}

export interface GeneratedDelta {
  /** Path of the superblock. */
  readonly path: string;
  readonly parts: readonly PartHeader[];
  readonly fallbacks: readonly Fallback[];
  readonly superblockSize: number;
  readonly counts: EncodingCounts;
}

/**
 * Writes the delta between two commits; readers see the old one or the new one. Memory does not grow with the commits: for
 * each thread 190 MB and three times the part size to compress, and to compare 80 MB and three times the size of a
 * file and its partner together, which is 1 GiB at most.
 */
export async function generateDelta(
  repo: Repo,
  options: GenerateDeltaOptions,
  progress: ProgressListener = silent,
): Promise<GeneratedDelta> {
  const target = targetOf(repo, options);
  makeDirectories(target.directory);
  const staging = temporaryName(target.directory);
  mkdirSync(staging);
  try {
    const title = `Generating static delta to ${options.to.slice(0, 12)}`;
    return await stage(progress, "delta", title, () => generateInto(repo, options, staging, target, progress), summary);
  } finally {
    removeTree(staging);
  }
}

interface Target {
  readonly directory: string;
  readonly superblock: string;
}

function targetOf(repo: Repo, { from, to, filename }: GenerateDeltaOptions): Target {
  const superblock =
    filename === undefined ? join(repo.path, deltaPath({ from, to }, "superblock")) : resolve(filename);
  return { directory: dirname(superblock), superblock };
}

function summary({ parts, fallbacks, superblockSize, counts }: GeneratedDelta): string {
  const bytes = parts.reduce((sum, { size }) => sum + size, superblockSize);
  const kinds = `${counts.bsdiff} patched, ${counts.copy} copied in part, ${counts.whole} whole`;
  return `${bytes} bytes in ${parts.length} parts; ${kinds}, ${fallbacks.length} to be fetched`;
}

async function generateInto(
  repo: Repo,
  options: GenerateDeltaOptions,
  staging: string,
  target: Target,
  progress: ProgressListener,
): Promise<GeneratedDelta> {
  const plan = planDelta(repo, options.from, options.to);
  const { maxChunkSize = 32_000_000, threads = WorkerPool.defaultSize } = options;
  const { files, fallbacks } = await selectEncodings(repo, plan, options, threads);
  const { parts, counts } = await generateParts(repo, plan, files, staging, { maxChunkSize, threads }, progress);
  const superblock = await makeSuperblock(repo, options, parts, fallbacks, staging);
  publish(repo, staging, target, superblock, options.inline ? 0 : parts.length);
  return { path: target.superblock, parts, fallbacks, superblockSize: superblock.length, counts };
}

async function makeSuperblock(
  repo: Repo,
  options: GenerateDeltaOptions,
  parts: readonly PartHeader[],
  fallbacks: readonly Fallback[],
  staging: string,
): Promise<Buffer> {
  const { from, to, endianness = "l", signers = [] } = options;
  const superblock = encodeSuperblock({
    metadata: superblockMetadata(repo, options, parts.length, staging),
    timestamp: options.timestamp ?? repo.loadCommit(to).timestamp,
    ...(from === undefined ? {} : { from }),
    to,
    commit: repo.loadMetadata(to, "commit"),
    parts,
    fallbacks,
    endianness,
  });
  if (signers.length === 0) return superblock;
  return encodeSignedDelta({ superblock, signatures: await signDetached(new Map(), superblock, signers) });
}

/** Order as libostree's: what the caller gives, byte order, inline parts, detached metadata of the commit. */
function superblockMetadata(
  repo: Repo,
  options: GenerateDeltaOptions,
  parts: number,
  staging: string,
): Map<string, Variant> {
  const { from, to, endianness = "l", inline = false } = options;
  const metadata = new Map<string, Variant>(options.metadata);
  metadata.set("ostree.endianness", { type: "y", value: endianness.charCodeAt(0) });
  for (let index = 0; inline && index < parts; index++) {
    const bytes = readIfExists(join(staging, String(index)));
    if (!bytes) throw new Error(`part ${index} was not written`);
    metadata.set(deltaPath({ from, to }, String(index)), { type: "(yay)", value: new SerializedGVariant(bytes) });
  }
  if (repo.has(to, "commitmeta")) {
    const value = new SerializedGVariant(repo.loadMetadata(to, "commitmeta"));
    metadata.set(deltaPath({ from, to }, "commitmeta"), { type: "a{sv}", value });
  }
  return metadata;
}

/** Parts first, then the superblock that names them; parts of an earlier delta that had more of them go. */
function publish(repo: Repo, staging: string, target: Target, superblock: Buffer, parts: number): void {
  const durable = repo.settings.fsync;
  const { directory } = target;
  for (let index = 0; index < parts; index++) {
    const path = join(staging, String(index));
    if (durable) syncFile(path);
    renameSync(path, join(directory, String(index)));
  }
  writeFileAtomic(target.superblock, superblock, { durable });
  if (basename(target.superblock) !== "superblock") return;
  for (const name of listDirectory(directory)) {
    if (/^[0-9]+$/.test(name) && Number(name) >= parts) rmSync(join(directory, name));
  }
  if (durable) syncDirectory(directory);
}

function syncFile(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
