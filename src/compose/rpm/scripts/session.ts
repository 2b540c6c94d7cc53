// SPDX-License-Identifier: Apache-2.0
import { WorkerPool } from "../../../base/index.ts";
import type { Workspace } from "../../sandbox.ts";
import type { LuaTask, ProgramTask, ScriptEnd, ScriptTask } from "./script-root.ts";

/**
 * The thread that runs the scriptlets of one compose, one after the other upon one overlay. It starts at once, so that it is
 * there when the tree is; `upper` has what they changed whenever the session is closed.
 */
export class ScriptSession implements AsyncDisposable {
  readonly #pool: WorkerPool<ScriptTask, ScriptEnd>;
  readonly #started: Promise<unknown>;

  constructor(workspace: Workspace) {
    this.#pool = new WorkerPool("compose/rpm/script", workspace, 1);
    this.#started = this.#pool.run({ kind: "start" });
    // It is told by `open`.
    this.#started.catch(() => {});
  }

  /** Mounts the overlay: scripts see what was done to `upper` until now. */
  async open(): Promise<void> {
    await this.#started;
    await this.#pool.run({ kind: "open" });
  }

  run(task: ProgramTask | LuaTask): Promise<ScriptEnd> {
    return this.#pool.run(task);
  }

  async close(): Promise<void> {
    await this.#pool.run({ kind: "close" });
  }

  /** The thread takes its mounts with it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }
}
