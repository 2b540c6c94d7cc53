// SPDX-License-Identifier: Apache-2.0
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { ostreeError } from "./errors.ts";
import { metadataLimit } from "./model.ts";
import { readSmall } from "./read-small.ts";

/** The bytes of a metadata object's file. System errors are passed on. */
export function readMetadata(path: string): Buffer {
  const small = readSmall(path);
  if (small) return Buffer.from(small);
  const fd = openSync(path, "r");
  try {
    const { size } = fstatSync(fd);
    if (size > metadataLimit) throw ostreeError("corrupt-object", `${path} has ${size} bytes`);
    const bytes = Buffer.allocUnsafe(size);
    let done = 0;
    for (let got = -1; got !== 0 && done < size; done += got) got = readSync(fd, bytes, done, size - done, null);
    return bytes.subarray(0, done);
  } finally {
    closeSync(fd);
  }
}
