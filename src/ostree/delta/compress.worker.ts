// SPDX-License-Identifier: Apache-2.0
import { serveWorker } from "../../base/index.ts";
import { compressPart, type CompressedPart, type PartToCompress } from "./compress-part.ts";

serveWorker<PartToCompress, CompressedPart, undefined, undefined>(
  () => undefined,
  (part) => compressPart(part),
);
