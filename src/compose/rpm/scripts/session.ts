// SPDX-License-Identifier: Apache-2.0
import { WorkerPool } from "../../../base/index.ts";
import { outOfTime, type Workspace } from "../../sandbox.ts";
import type { LuaTask, ProgramTask, ScriptEnd, ScriptTask } from "./script-root.ts";

/**
 * The thread that runs the scriptlets of one compose, one after the other upon one overlay. It starts at once, so that it is
 * there when the tree is; `upper` has what they changed whenever the session is closed.
 */
export class ScriptSession implements AsyncDisposable {
  readonly #pool: WorkerPool<ScriptTask, ScriptEnd>;
  readonly #started: Promise<unknown>;
  readonly #timeLimit: number;

  constructor(workspace: Workspace) {
    this.#pool = new WorkerPool("compose/rpm/script", workspace, 1);
    this.#timeLimit = workspace.timeLimit;
    this.#started = this.#pool.run({ kind: "start" });
    // It is told by `open`.
    this.#started.catch(() => {});
  }

  /** Mounts the overlay: scripts see what was done to `upper` until now. */
  async open(): Promise<void> {
    await this.#started;
    await this.#pool.run({ kind: "open" });
  }

  /** The thread keeps the time limit itself, but for what Lua does in one step, such as a search without end. */
  async run(task: ProgramTask | LuaTask): Promise<ScriptEnd> {
    let late = false;
    const timer = setTimeout(
      () => {
        late = true;
        this.#pool[Symbol.dispose]();
      },
      (2 * this.#timeLimit + 1) * 1000,
    );
    try {
      return await this.#pool.run(task);
    } catch (error) {
      throw late ? outOfTime(task.kind === "lua" ? "the script" : (task.command[0] ?? ""), this.#timeLimit) : error;
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    await this.#pool.run({ kind: "close" });
  }

  /** The thread takes its mounts with it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }
}
