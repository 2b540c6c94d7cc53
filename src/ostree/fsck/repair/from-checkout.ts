// SPDX-License-Identifier: Apache-2.0
import { hash } from "node:crypto";
import { lstatSync, readFileSync, readdirSync, type Stats } from "node:fs";
import { join } from "node:path";
import { lstatIfExists, readXattrs } from "../../../base/index.ts";
import { readSymlink } from "../../disk-header.ts";
import { canonicalXattrs } from "../../file-object.ts";
import { loadContent } from "../../load-content.ts";
import { encodeDirTree } from "../../dirtree-object.ts";
import { encodeDirMeta } from "../../metadata-objects.ts";
import { type Checksum, compareNames, type DirMeta, type FileHeader, fileType } from "../../model.ts";
import type { Repo } from "../../repo.ts";
import { Transaction } from "../../transaction.ts";
import { fileChecksum } from "../../verify-object.ts";
import type { FsckFinding } from "../model.ts";
import { unlessUnreadable } from "../unless-unreadable.ts";
import { copyLimit } from "./from-repository.ts";
import type { RepairSource } from "./model.ts";
import type { DamagedObjects } from "./set-aside.ts";
import { findPaths } from "./tree-paths.ts";

/** Makes objects anew from a directory that commits are checked out to, as far as nobody has changed it. */
export function checkoutSource(repo: Repo, root: string, damaged: DamagedObjects): RepairSource {
  return {
    name: `checkout ${root}`,
    help({ objects, commits }) {
      using transaction = Transaction.begin(repo);
      for (const [object, paths] of findPaths(repo, objects, commits)) {
        for (const path of [...paths].flatMap(placesOf)) {
          if (rebuild(transaction, object, join(root, path), damaged)) break;
        }
      }
      transaction.commit();
      return Promise.resolve();
    },
  };
}

/** A deployment has its configuration in /etc as well, and there may have it unchanged. */
function placesOf(path: string): string[] {
  return path.startsWith("usr/etc/") ? [path, path.slice("usr/".length)] : [path];
}

/** @returns whether the file or directory at `path` gave the object */
function rebuild(transaction: Transaction, object: FsckFinding, path: string, damaged: DamagedObjects): boolean {
  const stat = lstatIfExists(path);
  if (!stat) return false;
  const found = unlessUnreadable(() => {
    if (object.type === "file") return rebuildFile(transaction, object, path, stat, damaged);
    if (!stat.isDirectory()) return false;
    const bytes = object.type === "dirmeta" ? encodeDirMeta(metaOf(path, stat)) : treeOf(path);
    if (hash("sha256", bytes, "hex") !== object.checksum) return false;
    transaction.writeMetadata(object.type === "dirmeta" ? "dirmeta" : "dirtree", bytes);
    return true;
  });
  return found ?? false;
}

/** Checkouts in user mode have other owners and modes than the object: its damaged file may still tell its own. */
function rebuildFile(
  transaction: Transaction,
  object: FsckFinding,
  path: string,
  stat: Stats,
  damaged: DamagedObjects,
): boolean {
  if (stat.isDirectory() || stat.size > copyLimit) return false;
  const own = headerOf(path, stat);
  const stored = unlessUnreadable(() => loadContent(damaged.pathOf(object), transaction.repo.mode).header);
  const content = stat.isFile() ? readFileSync(path) : new Uint8Array();
  const candidates = [
    own,
    ...(stored ? [stored] : []),
    { ...own, uid: 0, gid: 0 },
    { ...own, uid: 0, gid: 0, xattrs: [] },
  ];
  const header = candidates.find((candidate) => fileChecksum(candidate, content) === object.checksum);
  if (!header) return false;
  transaction.writeContent(header, content);
  return true;
}

function headerOf(path: string, { uid, gid, mode }: Stats): FileHeader {
  const symlink = (mode & fileType.mask) === fileType.symlink ? readSymlink(path) : "";
  return { uid, gid, mode, symlink, xattrs: canonicalXattrs(readXattrs(path)) };
}

function metaOf(path: string, { uid, gid, mode }: Stats): DirMeta {
  return { uid, gid, mode, xattrs: canonicalXattrs(readXattrs(path)) };
}

/** The dirtree object of a directory, with all below it as it is. */
function treeOf(directory: string): Buffer {
  const files: { name: string; checksum: Checksum }[] = [];
  const dirs: { name: string; tree: Checksum; meta: Checksum }[] = [];
  for (const name of readdirSync(directory).sort(compareNames)) {
    const path = join(directory, name);
    const stat = lstatSync(path);
    if (stat.isDirectory()) {
      dirs.push({ name, tree: sum(treeOf(path)), meta: sum(encodeDirMeta(metaOf(path, stat))) });
    } else {
      const content = stat.isFile() ? readFileSync(path) : new Uint8Array();
      files.push({ name, checksum: fileChecksum(headerOf(path, stat), content) as Checksum });
    }
  }
  return encodeDirTree({ files, dirs });
}

function sum(bytes: Uint8Array): Checksum {
  return hash("sha256", bytes, "hex") as Checksum;
}
