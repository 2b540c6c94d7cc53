// SPDX-License-Identifier: Apache-2.0
import { hash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { encodeXz } from "../../base/index.ts";
import { encodePart, partCompression } from "./part-format.ts";
import type { Checksum } from "../model.ts";

export interface PartToCompress {
  readonly payload: Uint8Array;
  /** Nothing to gain: the least effort. */
  readonly incompressible: boolean;
  /** Where the part file goes. */
  readonly path: string;
}

export interface CompressedPart {
  readonly checksum: Checksum;
  readonly size: number;
}

/**
 * Compresses a part and writes it. Clients give the decoder 100 MiB (ostree-lzma-decompressor.c); it takes what the
 * dictionary has, and that is never larger than the preset's 64 MiB.
 */
export function compressPart({ payload, incompressible, path }: PartToCompress): CompressedPart {
  const body = incompressible
    ? encodeXz(payload, { preset: 1 })
    : encodeXz(payload, { preset: 9, extreme: true, lc: 0, lp: 2 });
  const part = encodePart(partCompression.xz, body);
  writeFileSync(path, part, { mode: 0o644 });
  return { checksum: hash("sha256", part, "hex") as Checksum, size: part.length };
}
