// SPDX-License-Identifier: Apache-2.0
import { WorkerPool } from "../../../base/index.ts";
import type { Workspace } from "../../sandbox.ts";
import type { LuaTask, ProgramTask, ScriptEnd, ScriptTask } from "./script-root.ts";

/** Scriptlets of one compose, which run one after the other upon one overlay; `upper` has what they changed at its end. */
export class ScriptSession implements AsyncDisposable {
  readonly #pool: WorkerPool<ScriptTask, ScriptEnd>;

  constructor(workspace: Workspace) {
    this.#pool = new WorkerPool("compose/rpm/script", workspace, 1);
  }

  run(task: ProgramTask | LuaTask): Promise<ScriptEnd> {
    return this.#pool.run(task);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#pool.run({ kind: "close" });
    } finally {
      this.#pool[Symbol.dispose]();
    }
  }
}
