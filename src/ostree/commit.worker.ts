// SPDX-License-Identifier: Apache-2.0
import { serveWorker } from "../base/index.ts";
import { type ContentResult, ContentStorer, type ContentTask } from "./content-task.ts";
import type { Store } from "./store-content.ts";

serveWorker<ContentTask[], ContentResult[], Store, ContentStorer>(
  (store) => new ContentStorer(store),
  (tasks, storer) => tasks.map((task) => storer.run(task)),
);
