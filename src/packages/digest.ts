// SPDX-License-Identifier: Apache-2.0
import { createHash, type Hash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { packageError } from "./errors.ts";

/** A check sum as metadata writes it: `sha256` and 64 hexadecimal digits. */
export interface Digest {
  readonly type: string;
  readonly hex: string;
}

/**
 * The types of check sums in metadata (librepo: lr_checksum_type). MD5 is refused: two files of one check sum are made
 * in seconds. SHA-1 stands in metadata of old distributions.
 */
const algorithms: ReadonlyMap<string, { readonly name: string; readonly length: number }> = new Map([
  ["sha", { name: "sha1", length: 40 }],
  ["sha1", { name: "sha1", length: 40 }],
  ["sha224", { name: "sha224", length: 56 }],
  ["sha256", { name: "sha256", length: 64 }],
  ["sha384", { name: "sha384", length: 96 }],
  ["sha512", { name: "sha512", length: 128 }],
]);

/** A hash that gives what `digest` is compared with. @param what whose check sum it is, for errors */
export function hashFor(digest: Digest, what: string): Hash {
  const algorithm = algorithms.get(digest.type);
  if (algorithm === undefined) {
    throw packageError("bad-index", `${what}: a check sum of type ${JSON.stringify(digest.type)} is not accepted`);
  }
  if (digest.hex.length !== algorithm.length) {
    throw packageError("bad-index", `${what}: ${digest.hex} is no check sum of type ${digest.type}`);
  }
  return createHash(algorithm.name);
}

export function parseDigest(text: string): Digest {
  const colon = text.indexOf(":");
  return { type: text.slice(0, colon), hex: text.slice(colon + 1) };
}

/** The check sum, of the type of `digest`, of a file's content. */
export function hashFile(path: string, digest: Digest): string {
  const hash = hashFor(digest, path);
  const buffer = Buffer.allocUnsafe(1 << 20);
  const fd = openSync(path, "r");
  try {
    for (let count = readSync(fd, buffer); count > 0; count = readSync(fd, buffer))
      hash.update(buffer.subarray(0, count));
  } finally {
    closeSync(fd);
  }
  return hash.digest("hex");
}
