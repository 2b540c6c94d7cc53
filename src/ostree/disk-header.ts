// SPDX-License-Identifier: Apache-2.0
import { readlinkSync } from "node:fs";
import { readXattrs } from "../base/index.ts";
import { ostreeError } from "./errors.ts";
import { canonicalXattrs } from "./file-object.ts";
import { type FileHeader, isSymlinkMode } from "./model.ts";

/** Header of a file on the disk, its owners and mode as given. */
export function readDiskHeader(file: {
  path: string;
  uid: number;
  gid: number;
  mode: number;
  xattrs: boolean;
}): FileHeader {
  const { path, uid, gid, mode } = file;
  const symlink = isSymlinkMode(mode) ? readSymlink(path) : "";
  return { uid, gid, mode, symlink, xattrs: file.xattrs ? canonicalXattrs(readXattrs(path)) : [] };
}

/** A symbolic link's target, which must be UTF-8: the object has it as a GVariant string. */
export function readSymlink(path: string): string {
  const target = readlinkSync(path);
  if (target.includes("\ufffd") && Buffer.compare(readlinkSync(path, "buffer"), Buffer.from(target)) !== 0) {
    throw ostreeError("bad-name", `${path}: the link's target is not UTF-8`);
  }
  return target;
}
