// SPDX-License-Identifier: Apache-2.0
import { serveWorker } from "../base/index.ts";
import { type ContentResult, ContentStorer, type ContentTask } from "./content-task.ts";
import type { Store } from "./store-content.ts";

serveWorker<ContentTask[], ContentResult[], Store, ContentStorer>(
  (store) => new ContentStorer(store),
  async (tasks, storer) => {
    const results: ContentResult[] = [];
    for (const task of tasks) {
      const result = storer.run(task);
      results.push(result instanceof Promise ? await result : result);
    }
    return results;
  },
);
