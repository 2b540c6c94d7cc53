// SPDX-License-Identifier: Apache-2.0
/** What threads do for a delta's generator; where there is little of it, the generator does it itself. */
import { loadContent } from "../load-content.ts";
import type { EncodeBatch, EncodeData, EncodedBatch } from "./encode-batch.ts";
import { encodeContent, type EncodedContent } from "./encode-content.ts";
import { sketchOf } from "./sketch.ts";

/** Content in all, with that of partners, that is encoded sooner than threads are started. */
export const smallContent = 256 << 10;

export function encodeBatch(batch: EncodeBatch, { mode }: EncodeData): EncodedBatch {
  return batch.map(({ path, partner, bsdiff }) => {
    const fresh = loadContent(path, mode).content();
    const old = partner === undefined ? undefined : loadContent(partner, mode).content();
    return ownBytes(encodeContent(fresh, old, { bsdiff }));
  });
}

/** A message takes along all of the memory that a view is of. */
function ownBytes(content: EncodedContent): EncodedContent {
  const { data } = content;
  return data.length === data.buffer.byteLength ? content : { ...content, data: new Uint8Array(data) };
}

export function sketchFiles(paths: readonly string[], { mode }: EncodeData): Uint32Array[] {
  return paths.map((path) => sketchOf(loadContent(path, mode).content()));
}
