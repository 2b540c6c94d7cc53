// SPDX-License-Identifier: Apache-2.0
import { serveWorker } from "../../base/index.ts";
import { ScriptRoot, type ScriptTask } from "./scripts/script-root.ts";
import type { Workspace } from "../sandbox.ts";

serveWorker(
  (workspace: Workspace) => new ScriptRoot(workspace),
  (task: ScriptTask, root) => root.run(task),
);
