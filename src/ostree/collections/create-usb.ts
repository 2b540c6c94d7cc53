// SPDX-License-Identifier: Apache-2.0
import { readdirSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { makeDirectories, type ProgressListener, silent, unlessErrno } from "../../base/index.ts";
import { ostreeError } from "../errors.ts";
import type { Checksum } from "../model.ts";
import { pull } from "../pull.ts";
import { Repo } from "../repo.ts";
import { updateSummary } from "../summary.ts";
import type { CollectionRef } from "./collection-ref.ts";

export interface CreateUsbOptions {
  /** Where on the volume the repository is; default: `.ostree/repo`. */
  readonly destination?: string;
  /** In place of what the only ref is at. */
  readonly commit?: Checksum;
  readonly fsync?: boolean;
}

/**
 * Copies refs of collections to a repository on a volume, which is made where there is none, so that other hosts find
 * them there (ot-builtin-create-usb.c).
 */
export async function createUsb(
  repo: Repo,
  mount: string,
  refs: readonly CollectionRef[],
  options: CreateUsbOptions = {},
  progress: ProgressListener = silent,
): Promise<void> {
  const { destination = ".ostree/repo", commit, fsync } = options;
  const volume = statSync(mount);
  const path = join(mount, destination);
  makeDirectories(path);
  // An archive needs nothing of the file system: volumes often have FAT.
  const target = Repo.init(path, "archive");
  const there = statSync(path);
  if (there.dev !== volume.dev) {
    throw ostreeError("bad-option", "--destination-repo must be a descendent of MOUNT-PATH");
  }
  const own = statSync(repo.path);
  if (there.dev === own.dev && there.ino === own.ino) {
    throw ostreeError("bad-option", "--destination-repo must not be the source repository");
  }
  const collectionRefs = refs.map((ref) => (commit === undefined ? ref : { ...ref, commit }));
  const choices = fsync === undefined ? {} : { fsync };
  await pull(target, { source: repo, mirror: true, collectionRefs, ...choices }, progress);
  await updateSummary(target);
  if (destination !== "ostree/repo" && destination !== ".ostree/repo") announce(mount, destination, there.ino);
}

/** Names of links that are tried, as stock does. */
const maxNames = 100;

/** A repository in a place of its own is found by a link in `.ostree/repos.d`, unless there is one already. */
function announce(mount: string, destination: string, inode: number): void {
  const directory = join(mount, ".ostree/repos.d");
  makeDirectories(directory);
  const leadsThere = (name: string) => statSync(join(directory, name), { throwIfNoEntry: false })?.ino === inode;
  if (readdirSync(directory).some(leadsThere)) return;
  for (let index = 0; index < maxNames; index++) {
    const name = `${String(index).padStart(2, "0")}-generated`;
    const made = unlessErrno(["EEXIST"], () => (symlinkSync(join("../..", destination), join(directory, name)), true));
    if (made) return;
  }
  throw ostreeError("bad-option", "Could not find an unused symlink name for the repository");
}
