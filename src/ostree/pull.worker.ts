// SPDX-License-Identifier: Apache-2.0
import { serveWorker } from "../base/index.ts";
import { ObjectGetter, type PullBatch, type PullData, type PullResult } from "./get-object.ts";

serveWorker<PullBatch, PullResult, PullData, ObjectGetter>(
  (data) => new ObjectGetter(data),
  (batch, getter) => getter.run(batch),
);
