// SPDX-License-Identifier: Apache-2.0
import { serveWorker } from "../../base/index.ts";
import { type ApplyData, PartApplier, type PartTask } from "./apply-part.ts";
import type { PartResult } from "./execute.ts";

serveWorker<PartTask, PartResult, ApplyData, PartApplier>(
  (data) => new PartApplier(data),
  (task, applier) => applier.run(task),
);
