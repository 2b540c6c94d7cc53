// SPDX-License-Identifier: Apache-2.0
/** Directories below `tmp/` in which transactions gather their objects, and what becomes of those whose owner died. */
import { randomBytes } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { baseError, type HeldLock, listDirectory, lockFile, lstatIfExists, removeTree } from "../base/index.ts";
import { isSymlinkMode, type ObjectType, type RepoMode } from "./model.ts";
import { parseLoose } from "./object-path.ts";
import type { Repo } from "./repo.ts";

/** Ours differs from libostree's `staging-BOOTID-`, which its next transaction would take over with half-written files. */
const stagingPrefix = "staging-atomic-";

function bootId(): string {
  return process.env["OSTREE_BOOTID"] ?? readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** Staging of a pull, which the next one takes over: only of this boot, since nothing of it was flushed to the disk. */
function resumablePrefix(): string {
  return `${stagingPrefix}pull-${bootId()}-`;
}

export interface Staging {
  readonly path: string;
  /** Taken over from a process that died. */
  readonly adopted: boolean;
  /** A living owner holds it. */
  readonly lock: HeldLock;
}

/** @param resume takes over what a pull of this boot left; every object there must be whole */
export function openStaging(repo: Repo, resume: boolean): Staging {
  cleanTemporary(repo);
  const adopted = resume ? adopt(repo) : undefined;
  if (adopted) return adopted;
  return makeStaging(repo, resume ? resumablePrefix() : stagingPrefix);
}

/** Until it is locked, the lock file looks like one that was left behind, and somebody may remove it. */
function makeStaging(repo: Repo, prefix: string): Staging {
  for (;;) {
    const path = join(repo.path, "tmp", `${prefix}${randomBytes(6).toString("hex")}`);
    const lock = unlessBusy(() => lockFile(`${path}-lock`, { record: true }));
    if (lock === undefined) continue;
    if (lstatIfExists(`${path}-lock`) !== undefined) {
      mkdirSync(path, { mode: 0o755 });
      return { path, lock, adopted: false };
    }
    lock.release();
  }
}

function adopt(repo: Repo): Staging | undefined {
  const tmp = join(repo.path, "tmp");
  const prefix = resumablePrefix();
  for (const name of listDirectory(tmp)) {
    if (!name.startsWith(prefix) || name.endsWith("-lock")) continue;
    const path = join(tmp, name);
    const lock = unlessBusy(() => lockFile(`${path}-lock`, { record: true }));
    if (lock && lstatIfExists(path)) {
      dropUnfinished(path, { mode: repo.mode });
      return { path, lock, adopted: true };
    }
    lock?.release();
  }
  return undefined;
}

/** Holds what there is of large objects that are under way. */
export const partialDirectory = "partial";

/**
 * Removes what is no object: files that threads had not renamed yet, and where they write others.
 * @param killed of the owner of the directory, which was killed: files that it had not finished go too, and what there is
 * of large objects stays
 */
export function dropUnfinished(staging: string, killed?: { readonly mode: RepoMode }): void {
  for (const name of readdirSync(staging)) {
    if (/^[0-9a-f]{2}$/.test(name)) dropUnnamed(join(staging, name), name, killed?.mode);
    else if (!killed || name !== partialDirectory) removeTree(join(staging, name));
  }
}

function dropUnnamed(directory: string, prefix: string, killedMode: RepoMode | undefined): void {
  for (const name of readdirSync(directory)) {
    const object = parseLoose(prefix, name);
    const path = `${directory}/${name}`;
    if (!object || (killedMode !== undefined && isUnfinished(path, object.type, killedMode))) rmSync(path);
  }
}

/** Mode of a file that a pull writes; it gets its own when it is whole. */
export const unfinishedMode = 0o600;

/**
 * Whether a pull may have been killed while it wrote this file under its object's name. Where files get the time 0, as in
 * all modes but archive, that is the last that is done to them.
 */
function isUnfinished(path: string, type: ObjectType, repoMode: RepoMode): boolean {
  const { mode, mtimeMs } = lstatSync(path);
  if (!isSymlinkMode(mode) && (mode & 0o7777) === unfinishedMode) return true;
  return type === "file" && repoMode !== "archive" && mtimeMs !== 0;
}

export function removeStaging({ path, lock }: Omit<Staging, "adopted">): void {
  removeTree(path);
  rmSync(`${path}-lock`, { force: true });
  lock.release();
}

/** Leaves a directory in which everything is whole under the name by which libostree's next transaction goes on with it. */
export function leaveStaging(repo: Repo, { path, lock }: Staging): void {
  renameSync(path, join(repo.path, "tmp", `staging-${bootId()}-${randomBytes(3).toString("hex")}`));
  rmSync(`${path}-lock`, { force: true });
  lock.release();
}

/**
 * Removes what dead processes left in `tmp/` (cleanup_tmpdir): staging directories, and anything else older than
 * tmp-expiry-secs. Staging directories of this boot that a pull can go on with are left, libostree's to libostree.
 */
export function cleanTemporary(repo: Repo): void {
  const tmp = join(repo.path, "tmp");
  const now = Date.now();
  const resumable = resumablePrefix();
  for (const name of listDirectory(tmp)) {
    const path = join(tmp, name);
    if (name.endsWith("-lock")) removeLoneLock(path.slice(0, -"-lock".length), name);
    if (name === "cache" || name.endsWith("-lock")) continue;
    const expired = isExpired(path, now, repo.settings.tmpExpirySeconds);
    if (name.startsWith(resumable) && !expired) continue;
    if (name.startsWith(stagingPrefix)) removeAbandoned(path);
    else if (name.startsWith("staging-")) removeForeign(path, name);
    else if (expired) removeTree(path);
  }
}

function isExpired(path: string, now: number, seconds: number): boolean {
  const stat = lstatIfExists(path);
  return stat !== undefined && now - stat.mtimeMs > seconds * 1000;
}

/** Whoever died before its directory was made, or after it was removed, left the lock alone. */
function removeLoneLock(path: string, name: string): void {
  if (name.startsWith(stagingPrefix) && lstatIfExists(path) === undefined) removeAbandoned(path);
}

function removeAbandoned(path: string): void {
  const lock = unlessBusy(() => lockFile(`${path}-lock`, { record: true }));
  if (lock) removeStaging({ path, lock });
}

/** libostree goes on with what it staged in this boot, if that is anything. */
function removeForeign(path: string, name: string): void {
  if (lstatIfExists(path)?.isDirectory() !== true) return;
  const lock = unlessBusy(() => lockFile(`${path}-lock`, { record: true }));
  if (lock === undefined) return;
  if (name.startsWith(`staging-${bootId()}-`) && listDirectory(path).length > 0) lock.release();
  else removeStaging({ path, lock });
}

function unlessBusy<T>(take: () => T): T | undefined {
  try {
    return take();
  } catch (error) {
    if (baseError.is(error, "busy")) return undefined;
    throw error;
  }
}
