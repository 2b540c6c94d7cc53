// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { lstatIfExists, type ProgressListener, runHere, type TaskRunner, WorkerPool } from "../../base/index.ts";
import { ChecksumSet } from "../checksum-set.ts";
import { listPrefixes } from "../inventory.ts";
import type { RepoMode } from "../model.ts";
import type { Repo } from "../repo.ts";
import { DirectoryVerifier } from "./directory-verifier.ts";
import { type FsckFinding, type ReferredType, referredTypes } from "./model.ts";

/** What each worker is told at its start. */
export interface VerifyData {
  readonly objects: string;
  readonly mode: RepoMode;
  readonly prefixes: readonly string[];
  /** Index of the directory to take next: workers take them by themselves, for the main thread is busy meanwhile. */
  readonly next: Int32Array<SharedArrayBuffer>;
}

/** Checksums by type, 32 bytes each. */
export type ChecksumBytes = Readonly<Record<ReferredType, Uint8Array>>;

export interface VerifyResult {
  readonly checked: number;
  readonly findings: readonly FsckFinding[];
  /** Objects that are here and whole. */
  readonly present: ChecksumBytes;
  /** What commits and directories name, each once. */
  readonly referred: ChecksumBytes;
}

/** What all threads together found. */
export interface Verified {
  readonly checked: number;
  readonly findings: readonly FsckFinding[];
  /** Everything that any commit or directory names is here and whole: no tree needs to be walked to know that none lacks anything. */
  readonly selfContained: boolean;
}

const progressMilliseconds = 200;

/** Checks every loose object against its checksum, in worker threads, until it is disposed of. */
export class Verification implements Disposable {
  readonly result: Promise<Verified>;
  readonly #runner: TaskRunner<null, VerifyResult>;

  constructor(repo: Repo, progress: ProgressListener) {
    const objects = join(repo.path, "objects");
    const prefixes = listPrefixes(repo);
    const next = new Int32Array(new SharedArrayBuffer(4));
    const data: VerifyData = { objects, mode: repo.mode, prefixes, next };
    this.#runner = isLittle(objects, prefixes)
      ? runHere(() => new DirectoryVerifier(data).run())
      : new WorkerPool("ostree/fsck/verify", data);
    this.result = this.#run(prefixes.length, next, progress);
    // Who stops early does not wait for what becomes of it.
    this.result.catch(() => {});
  }

  [Symbol.dispose](): void {
    this.#runner[Symbol.dispose]();
  }

  async #run(total: number, next: VerifyData["next"], progress: ProgressListener): Promise<Verified> {
    const tell = () => {
      const done = Math.min(Atomics.load(next, 0), total);
      progress({ type: "steps", task: "fsck", done, total, unit: "directories" });
    };
    const timer = setInterval(tell, progressMilliseconds);
    try {
      const results = await Promise.all(Array.from({ length: this.#runner.size }, () => this.#runner.run(null)));
      tell();
      const findings = results.flatMap((result) => result.findings);
      return {
        checked: results.reduce((sum, { checked }) => sum + checked, 0),
        findings,
        selfContained: findings.length === 0 && referredTypes.every((type) => containsAll(results, type)),
      };
    } finally {
      clearInterval(timer);
    }
  }
}

/** So few objects are verified before a thread has started. */
const fewObjects = 200;
const fewBytes = 16 << 20;

function isLittle(objects: string, prefixes: readonly string[]): boolean {
  let [count, bytes] = [0, 0];
  for (const prefix of prefixes) {
    const names = readdirSync(join(objects, prefix));
    count += names.length;
    if (count > fewObjects) return false;
    for (const name of names) bytes += lstatIfExists(join(objects, prefix, name))?.size ?? 0;
    if (bytes > fewBytes) return false;
  }
  return true;
}

function containsAll(results: readonly VerifyResult[], type: ReferredType): boolean {
  const present = new ChecksumSet();
  for (const result of results) eachChecksum(result.present[type], (bytes, at) => present.addBytes(bytes, at));
  let complete = true;
  for (const result of results)
    eachChecksum(result.referred[type], (bytes, at) => (complete &&= present.hasBytes(bytes, at)));
  return complete;
}

function eachChecksum(bytes: Uint8Array, visit: (bytes: Buffer, at: number) => void): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < buffer.length; at += 32) visit(buffer, at);
}
