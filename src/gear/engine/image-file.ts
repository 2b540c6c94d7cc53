// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { isErrno, readExactly } from "../../base/index.ts";
import { gearError } from "../errors.ts";

/** A small regular file whole; a pipe or a device in its place would not end, or not begin. */
export function readBounded(path: string, limit: number): Buffer {
  const fd = openImageFile(path);
  try {
    const found = fstatSync(fd);
    if (!found.isFile() || found.size > limit)
      throw gearError("bad-image", `${path} is no file of at most ${limit} bytes`);
    const bytes = Buffer.alloc(found.size);
    readExactly(fd, bytes, 0, path);
    return bytes;
  } finally {
    closeSync(fd);
  }
}

/** Does not wait where a pipe stands in the place of a file. */
export function openImageFile(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    if (isErrno(cause, "ENOENT", "ENOTDIR", "EACCES"))
      throw gearError("bad-image", `${path} cannot be read`, { cause });
    throw cause;
  }
}
