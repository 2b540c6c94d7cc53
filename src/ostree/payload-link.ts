// SPDX-License-Identifier: Apache-2.0
/**
 * Sharing the blocks of equal content on file systems that can (FICLONE). Objects of one content with different owners or
 * modes find each other by payload links: `CHECKSUM-OF-CONTENT.payload-link -> ../XX/YY.file` (ostree-repo-commit.c:
 * _create_payload_link, _try_clone_from_payload_link).
 */
import { closeSync, fstatSync, openSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { cloneFile, isErrno, makeDirectories, removeIfExists, temporaryName, unlessErrno } from "../base/index.ts";
import type { Checksum, RepoMode } from "./model.ts";
import { loosePath } from "./object-path.ts";
import type { Store } from "./store-content.ts";

const sharingModes: ReadonlySet<RepoMode> = new Set(["bare", "bare-user", "bare-user-only"]);
const known = new WeakMap<Store, boolean>();

/** Whether files of the repository can share their blocks; tried once for each store (_check_support_reflink). */
export function sharesBlocks(store: Store): boolean {
  let shares = known.get(store);
  if (shares === undefined) known.set(store, (shares = sharingModes.has(store.mode) && tryClone(store)));
  return shares;
}

function tryClone(store: Store): boolean {
  const path = temporaryName(store.staging);
  const from = openSync(join(dirname(store.objects), "config"), "r");
  try {
    const to = openSync(path, "wx");
    try {
      return cloneFile(from, to);
    } finally {
      closeSync(to);
    }
  } finally {
    closeSync(from);
    rmSync(path, { force: true });
  }
}

/** Whether content of this size gets a link. */
export function wantsPayloadLink(store: Store, size: number): boolean {
  return size >= store.payloadLinkThreshold && sharesBlocks(store);
}

/** Makes an open file share the blocks of an object with this content. False when there is none. */
export function clonePayload(store: Store, payload: Checksum, size: number, fd: number): boolean {
  return [store.payloadLinks, store.objects].some((place) => cloneLinked(place, payload, size, fd));
}

function cloneLinked(place: string, payload: Checksum, size: number, fd: number): boolean {
  const link = `${place}/${loosePath(payload, "payload-link", "bare")}`;
  const target = unlessErrno(["ENOENT"], () => readlinkSync(link));
  if (target === undefined || payloadTarget(target) === undefined) return false;
  const object = unlessErrno(["ENOENT"], () => openSync(join(dirname(link), target), "r"));
  if (object === undefined) {
    // The object was deleted: the link would never be right again.
    removeIfExists(link);
    return false;
  }
  try {
    return fstatSync(object).size === size && cloneFile(object, fd);
  } finally {
    closeSync(object);
  }
}

/** The object that a payload link leads to; nothing when it leads out of the repository. */
export function payloadTarget(link: string): Checksum | undefined {
  const match = /^\.\.\/([0-9a-f]{2})\/([0-9a-f]{62})\.file$/.exec(link);
  return match ? (`${match[1]}${match[2]}` as Checksum) : undefined;
}

export function addPayloadLink(store: Store, payload: Checksum, object: Checksum): void {
  const link = `${store.payloadLinks}/${loosePath(payload, "payload-link", store.mode)}`;
  makeDirectories(dirname(link));
  try {
    symlinkSync(`../${loosePath(object, "file", store.mode)}`, link);
  } catch (error) {
    if (!isErrno(error, "EEXIST")) throw error;
  }
}
