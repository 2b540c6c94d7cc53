// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { type ProgressListener, WorkerPool } from "../../base/index.ts";
import { listPrefixes } from "../inventory.ts";
import type { RepoMode } from "../model.ts";
import type { Repo } from "../repo.ts";
import type { FsckFinding } from "./model.ts";

/** What each worker is told at its start. */
export interface VerifyData {
  readonly objects: string;
  readonly mode: RepoMode;
  readonly prefixes: readonly string[];
  /** Index of the directory to take next: workers take them by themselves, for the main thread is busy meanwhile. */
  readonly next: Int32Array<SharedArrayBuffer>;
}

export interface VerifyResult {
  readonly checked: number;
  readonly findings: readonly FsckFinding[];
}

const progressMilliseconds = 200;

/** Checks every loose object against its checksum, in worker threads, until it is disposed of. */
export class Verification implements Disposable {
  readonly result: Promise<VerifyResult>;
  readonly #pool: WorkerPool<null, VerifyResult>;

  constructor(repo: Repo, progress: ProgressListener) {
    const prefixes = listPrefixes(repo);
    const next = new Int32Array(new SharedArrayBuffer(4));
    const data: VerifyData = { objects: join(repo.path, "objects"), mode: repo.mode, prefixes, next };
    this.#pool = new WorkerPool("ostree/fsck/verify", data);
    this.result = this.#run(prefixes.length, next, progress);
    // Who stops early does not wait for what becomes of it.
    this.result.catch(() => {});
  }

  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
  }

  async #run(total: number, next: VerifyData["next"], progress: ProgressListener): Promise<VerifyResult> {
    const tell = () => {
      const done = Math.min(Atomics.load(next, 0), total);
      progress({ type: "steps", task: "fsck", done, total, unit: "directories" });
    };
    const timer = setInterval(tell, progressMilliseconds);
    try {
      const results = await Promise.all(Array.from({ length: this.#pool.size }, () => this.#pool.run(null)));
      tell();
      return {
        checked: results.reduce((sum, { checked }) => sum + checked, 0),
        findings: results.flatMap(({ findings }) => findings),
      };
    } finally {
      clearInterval(timer);
    }
  }
}
