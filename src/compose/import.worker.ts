// SPDX-License-Identifier: Apache-2.0
import { serveWorker } from "../base/index.ts";
import { Repo } from "../ostree/index.ts";
import { importDeb, type ImportTask } from "./packages/import.ts";

serveWorker(
  (path: string) => Repo.open(path),
  (task: ImportTask, repo) => importDeb(repo, task),
);
