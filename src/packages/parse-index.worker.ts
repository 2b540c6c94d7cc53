// SPDX-License-Identifier: Apache-2.0
import { serveWorker } from "../base/index.ts";
import { makeIndex, type IndexTask } from "./make-index.ts";

serveWorker(
  () => undefined,
  (task: IndexTask) => makeIndex(task),
);
