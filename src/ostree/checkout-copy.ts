// SPDX-License-Identifier: Apache-2.0
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lchownSync,
  openSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { setXattr, setXattrOf, writeAll } from "../base/index.ts";
import type { LoadedFile } from "./load-content.ts";
import { isSymlinkMode } from "./model.ts";

export interface CopyOptions {
  /** Without owners, attributes, setuid and setgid. */
  readonly user: boolean;
  readonly fsync: boolean;
  /** The object's file, when it holds the plain content. */
  readonly object: string | undefined;
}

/** Above this, content is copied by the kernel rather than read whole. */
const wholeLimit = 1 << 20;

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
  const large = object !== undefined && file.size > wholeLimit;
  if (large) {
    copyFileSync(object, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    // The object may be read-only even for its owner.
    chmodSync(path, 0o600);
  }
  const fd = openSync(path, large ? "r+" : "wx", 0o600);
  try {
    if (!large && file.size > 0) writeAll(fd, file.content());
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
