// SPDX-License-Identifier: Apache-2.0
import { serveWorker } from "../../base/index.ts";
import type { EncodeData } from "./encode-batch.ts";
import { sketchFiles } from "./encode-task.ts";

serveWorker<readonly string[], Uint32Array[], EncodeData, EncodeData>((data) => data, sketchFiles);
