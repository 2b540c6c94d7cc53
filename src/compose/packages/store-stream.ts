// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { closeSync, fchmodSync, fchownSync, futimesSync, openSync, renameSync } from "node:fs";
import { setXattrOf, temporaryName, writeAll } from "../../base/index.ts";
import { type Checksum, encodeFileHeader, type FileHeader, type Transaction } from "../../ostree/index.ts";

/**
 * Adds a file of any size to a bare repository, holding one piece of it in memory. The name of an object is known only
 * when all of it was hashed, so it is written under another name first.
 */
export function storeStream(transaction: Transaction, header: FileHeader, pieces: Iterable<Uint8Array>): Checksum {
  const temporary = temporaryName(transaction.store.staging);
  const hash = createHash("sha256").update(encodeFileHeader(header));
  const fd = openSync(temporary, "wx", 0o600);
  try {
    for (const piece of pieces) {
      hash.update(piece);
      writeAll(fd, piece);
    }
    // chown clears the setuid bits and security.capability: it comes first.
    fchownSync(fd, header.uid, header.gid);
    for (const { name, value } of header.xattrs) setXattrOf(fd, name, value);
    fchmodSync(fd, header.mode & 0o7777);
    futimesSync(fd, 0, 0);
  } finally {
    closeSync(fd);
  }
  const checksum = hash.digest("hex") as Checksum;
  renameSync(temporary, transaction.stagedPath(checksum, "file"));
  return checksum;
}
