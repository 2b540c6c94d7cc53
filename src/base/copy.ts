// SPDX-License-Identifier: Apache-2.0
import {
  chmodSync,
  constants,
  copyFileSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  type Stats,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { lstatIfExists } from "./files.ts";
import { readXattrs, removeXattr, setXattr } from "./xattrs.ts";

export interface CopyOptions {
  /** Leave extended attributes behind; default false. */
  readonly withoutXattrs?: boolean;
}

/**
 * Copies one regular file or symlink with owner, mode and extended attributes; the target must not exist. File
 * contents are shared on file systems that can (FICLONE). False for any other kind of file, which is not copied.
 */
export function copyFile(source: string, target: string, options: CopyOptions = {}): boolean {
  const stat = lstatSync(source);
  if (stat.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
  else if (stat.isFile()) copyFileSync(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  else return false;
  copyAttributes(source, stat, target, options);
  return true;
}

/** Makes `target` look like `source`: owner, mode, extended attributes. Both are of the same kind. */
export function copyAttributes(source: string, stat: Stats, target: string, options: CopyOptions = {}): void {
  lchownSync(target, stat.uid, stat.gid);
  // After the owner: chown(2) clears set-user-id bits.
  if (!stat.isSymbolicLink()) chmodSync(target, stat.mode & 0o7777);
  if (options.withoutXattrs !== true) copyXattrs(source, target);
}

function copyXattrs(source: string, target: string): void {
  const wanted = readXattrs(source);
  const names = new Set(wanted.map((xattr) => xattr.name));
  for (const { name } of readXattrs(target)) {
    if (!names.has(name) && name !== "security.selinux") removeXattr(target, name);
  }
  for (const { name, value } of wanted) setXattr(target, name, value);
}

/**
 * Copies a tree of directories, regular files and symlinks, as `copyFile`; directories that are there already are
 * filled, other files that are there are an error (`EEXIST`). Symlinks are never followed below `target`.
 */
export function copyTree(source: string, target: string, options: CopyOptions = {}): void {
  const stat = lstatSync(source);
  if (!stat.isDirectory()) {
    copyFile(source, target, options);
    return;
  }
  if (lstatIfExists(target)?.isDirectory() !== true) mkdirSync(target, 0o700);
  for (const name of readdirSync(source)) copyTree(join(source, name), join(target, name), options);
  copyAttributes(source, stat, target, options);
}
