// SPDX-License-Identifier: Apache-2.0
import { serveWorker } from "../base/index.ts";
import { Repo } from "../ostree/index.ts";
import { importBatch } from "./packages/import-batch.ts";

serveWorker((path: string) => Repo.open(path), importBatch);
