// SPDX-License-Identifier: Apache-2.0
import { lstatSync, readdirSync } from "node:fs";
import { readXattrs } from "../base/index.ts";
import type { DevinoCache } from "./devino-cache.ts";
import { ostreeError } from "./errors.ts";
import { canonicalXattrs } from "./file-object.ts";
import { compareNames, directoryDepthLimit, fileType } from "./model.ts";
import { diskFile, type DirNode, type FileNode, LazyDirectory, type TreeNode } from "./tree.ts";

export interface ScanOptions {
  /** Read extended attributes; default true. */
  readonly xattrs?: boolean;
  /** Whether to take what is at `path` (`/usr/bin`, as in the commit). A directory that is left out is not entered. */
  filter?(path: string, mode: number): boolean;
  /** Told of names that are not UTF-8, escaped, and of the directory; they are left out. Without it they are an error. */
  badName?(directory: string, name: string): void;
  /** Files that are hard links of a repository's objects are taken from there. */
  readonly devino?: DevinoCache;
}

/**
 * A directory on the disk as a tree. Each directory is read when it is looked at, attributes and content of files when
 * they are used, so that all must stay until the tree is written. Devices, FIFOs and sockets are refused.
 */
export function scanTree(path: string, options: ScanOptions = {}): DirNode {
  const stat = lstatSync(path);
  if (!stat.isDirectory()) throw ostreeError("not-a-directory", `${path} is no directory`);
  return scanDirectory(path.replace(/(.)\/+$/, "$1"), "", stat, options, 0);
}

interface Owned {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly size: number;
}

function scanDirectory(disk: string, path: string, stat: Owned, options: ScanOptions, depth: number): DirNode {
  if (depth > directoryDepthLimit) throw ostreeError("unsupported-file", `${disk}: directories nested too deep`);
  const { uid, gid, mode } = stat;
  const xattrs = options.xattrs === false ? [] : canonicalXattrs(readXattrs(disk));
  return new LazyDirectory({ uid, gid, mode, xattrs }, function* () {
    for (const name of directoryNames(disk, options)) {
      const child = scanEntry(`${disk}/${name}`, `${path}/${name}`, options, depth);
      if (child) yield [name, child];
    }
  });
}

function scanEntry(disk: string, path: string, options: ScanOptions, depth: number): TreeNode | undefined {
  const stat = lstatSync(disk);
  if (options.filter?.(path, stat.mode) === false) return undefined;
  const type = stat.mode & fileType.mask;
  if (type === fileType.directory) return scanDirectory(disk, path, stat, options, depth + 1);
  if (type === fileType.regular || type === fileType.symlink) {
    return options.devino?.find(stat) ?? scanFile(disk, stat, options.xattrs ?? true);
  }
  throw ostreeError("unsupported-file", `Not a regular file or symlink: ${disk} is a ${specialKind(type)}`, {
    hint: "leave it out with --skip-list, or have systemd-tmpfiles make it on the host",
  });
}

function specialKind(type: number): string {
  const kinds: Readonly<Record<number, string>> = {
    0o010000: "FIFO",
    0o020000: "character device",
    0o060000: "block device",
    0o140000: "socket",
  };
  return kinds[type] ?? "special file";
}

function scanFile(path: string, { uid, gid, mode, size }: Owned, xattrs: boolean): FileNode {
  return diskFile({ type: "path", path, uid, gid, mode, size, xattrs });
}

/** Names in a directory, in a commit's order. Ones that are not UTF-8 node gives in a form that cannot be opened. */
function directoryNames(path: string, { badName }: ScanOptions = {}): string[] {
  const names = readdirSync(path);
  if (!names.some((name) => name.includes("\ufffd"))) return names.sort(compareNames);
  const raw = readdirSync(path, { encoding: "buffer" });
  const isBad = (bytes: Buffer) => Buffer.compare(Buffer.from(bytes.toString()), bytes) !== 0;
  for (const bytes of raw.filter(isBad)) {
    const name = JSON.stringify(bytes.toString("latin1"));
    if (!badName) throw ostreeError("bad-name", `Invalid UTF-8 in filename ${path}/${name}`);
    badName(path, name.slice(1, -1));
  }
  return raw
    .filter((bytes) => !isBad(bytes))
    .map(String)
    .sort(compareNames);
}
