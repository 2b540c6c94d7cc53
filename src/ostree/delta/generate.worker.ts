// SPDX-License-Identifier: Apache-2.0
import { serveWorker } from "../../base/index.ts";
import type { EncodeBatch, EncodedBatch, EncodeData } from "./encode-batch.ts";
import { encodeBatch } from "./encode-task.ts";

serveWorker<EncodeBatch, EncodedBatch, EncodeData, EncodeData>((data) => data, encodeBatch);
