// SPDX-License-Identifier: Apache-2.0
import { serveWorker } from "../base/index.ts";
import { Repo } from "../ostree/index.ts";
import type { ImportTask } from "./packages/cache.ts";
import { importDeb } from "./packages/import.ts";
import { importRpm } from "./rpm/import.ts";

serveWorker(
  (path: string) => Repo.open(path),
  (task: ImportTask, repo) => (task.format === "rpm" ? importRpm(repo, task) : importDeb(repo, task)),
);
