// SPDX-License-Identifier: Apache-2.0
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lchownSync,
  openSync,
  readSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { cloneFile, setXattr, setXattrOf, writeAll } from "../base/index.ts";
import type { LoadedFile } from "./load-content.ts";
import { isSymlinkMode } from "./model.ts";

export interface CopyOptions {
  /** Without owners, attributes, setuid and setgid. */
  readonly user: boolean;
  readonly fsync: boolean;
  /** The object's file, when it holds the plain content. */
  readonly object: string | undefined;
}

/** Writes a new file or link at `path`, which must not exist (write_regular_file_content). */
export function writeCheckedOut(path: string, file: LoadedFile, options: CopyOptions): void {
  if (isSymlinkMode(file.header.mode)) writeLink(path, file, options);
  else writeRegular(path, file, options);
}

function writeLink(path: string, { header }: LoadedFile, { user }: CopyOptions): void {
  symlinkSync(header.symlink, path);
  if (user) return;
  lchownSync(path, header.uid, header.gid);
  for (const { name, value } of header.xattrs) setXattr(path, name, value);
}

function writeRegular(path: string, file: LoadedFile, { user, fsync, object }: CopyOptions): void {
  const { uid, gid, mode, xattrs } = file.header;
  const fd = openSync(path, "wx", 0o600);
  try {
    if (file.size > 0 && object === undefined) writeAll(fd, file.content());
    else if (file.size > 0) copyContent(object!, fd);
    if (!user) {
      // chown clears the setuid bits and security.capability: it comes first.
      fchownSync(fd, uid, gid);
      for (const { name, value } of xattrs) setXattrOf(fd, name, value);
    }
    fchmodSync(fd, user ? mode & 0o1777 : mode & 0o7777);
    if (fsync) fsyncSync(fd);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** Content passes through here: a buffer for each file would be garbage by the gigabyte. */
const pieceSize = 1 << 20;
let piece: Buffer | undefined;

/** By sharing blocks where the file system can (glnx_regfile_copy_bytes). */
function copyContent(object: string, to: number): void {
  const from = openSync(object, "r");
  try {
    if (cloneFile(from, to)) return;
    piece ??= Buffer.allocUnsafeSlow(pieceSize);
    let got: number;
    do {
      got = readSync(from, piece, 0, pieceSize, null);
      writeAll(to, piece.subarray(0, got));
    } while (got === pieceSize);
  } finally {
    closeSync(from);
  }
}
