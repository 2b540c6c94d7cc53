// SPDX-License-Identifier: Apache-2.0
import { serveWorker } from "../../base/index.ts";
import { encodeContent, type EncodedContent } from "./encode-content.ts";
import { loadContent } from "../load-content.ts";
import type { EncodeBatch, EncodedBatch, EncodeData } from "./encode-batch.ts";

serveWorker<EncodeBatch, EncodedBatch, EncodeData, EncodeData>(
  (data) => data,
  (batch, { mode }) =>
    batch.map(({ path, partner, bsdiff }) => {
      const fresh = loadContent(path, mode).content();
      const old = partner === undefined ? undefined : loadContent(partner, mode).content();
      return ownBytes(encodeContent(fresh, old, { bsdiff }));
    }),
);

/** A message takes along all of the memory that a view is of. */
function ownBytes(content: EncodedContent): EncodedContent {
  const { data } = content;
  return data.length === data.buffer.byteLength ? content : { ...content, data: new Uint8Array(data) };
}
