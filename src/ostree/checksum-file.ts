// SPDX-License-Identifier: Apache-2.0
/** Checksums of files on the disk, without a repository (ostree_checksum_file_at, `ostree checksum`). */
import { createHash } from "node:crypto";
import { closeSync, constants, openSync, readSync, type Stats } from "node:fs";
import { readXattrs } from "../base/index.ts";
import { encodeFileHeader, canonicalXattrs } from "./file-object.ts";
import { encodeDirMeta } from "./metadata-objects.ts";
import { type Checksum, fileType } from "./model.ts";
import { readSymlink } from "./disk-header.ts";

export interface ChecksumOptions {
  readonly xattrs?: boolean;
  /** As with canonical permissions: owner 0:0, mode cut to 0755. */
  readonly canonical?: boolean;
}

const pieceSize = 1 << 20;

/** The checksum that the file, link or directory metadata at `path` would have as an object. */
export function checksumDiskFile(path: string, stat: Stats, options: ChecksumOptions = {}): Checksum {
  const { canonical = false } = options;
  const xattrs = options.xattrs === false ? [] : canonicalXattrs(readXattrs(path));
  const type = stat.mode & fileType.mask;
  const cut = canonical && type !== fileType.symlink;
  const mode = cut ? stat.mode & (type | 0o755) : stat.mode;
  const owned = { uid: canonical ? 0 : stat.uid, gid: canonical ? 0 : stat.gid, mode, xattrs };
  const digest = createHash("sha256");
  if (type === fileType.directory) return digest.update(encodeDirMeta(owned)).digest("hex") as Checksum;
  const symlink = type === fileType.symlink ? readSymlink(path) : "";
  digest.update(encodeFileHeader({ ...owned, symlink }));
  if (type === fileType.regular) eachPiece(path, (piece) => digest.update(piece));
  return digest.digest("hex") as Checksum;
}

function eachPiece(path: string, take: (piece: Uint8Array) => void): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const buffer = Buffer.allocUnsafe(pieceSize);
    for (let got = readSync(fd, buffer); got > 0; got = readSync(fd, buffer)) take(buffer.subarray(0, got));
  } finally {
    closeSync(fd);
  }
}
