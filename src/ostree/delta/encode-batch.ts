// SPDX-License-Identifier: Apache-2.0
/** Encoding many files on worker threads, in the order of their list whatever thread was quicker. */
import { runHere, type TaskRunner, WorkerPool } from "../../base/index.ts";
import type { Repo } from "../repo.ts";
import type { RepoMode } from "../model.ts";
import type { NewFile } from "./delta-plan.ts";
import type { EncodedContent } from "./encode-content.ts";
import { encodeBatch, smallContent } from "./encode-task.ts";
import type { Partner } from "./partners.ts";

export interface EncodeData {
  readonly mode: RepoMode;
}

interface EncodeRequest {
  /** Files of the objects. */
  readonly path: string;
  readonly partner: string | undefined;
  readonly bsdiff: boolean;
}

export type EncodeBatch = readonly EncodeRequest[];
export type EncodedBatch = readonly EncodedContent[];

export interface FileToEncode {
  readonly file: NewFile;
  readonly partner: Partner | undefined;
  readonly bsdiff: boolean;
}

export interface EncodedFile extends FileToEncode {
  readonly content: EncodedContent;
}

/** Content of a batch: a message must be worth its while, and results wait in memory for their turn. */
const batchBytes = 1 << 20;
const batchFiles = 200;

/** @param threads bounds what is in memory at once: two batches each */
export async function* encodeFiles(
  repo: Repo,
  files: readonly FileToEncode[],
  threads: number,
): AsyncGenerator<EncodedFile> {
  const data: EncodeData = { mode: repo.mode };
  using runner: TaskRunner<EncodeBatch, EncodedBatch> =
    contentBytes(files) <= smallContent
      ? runHere((batch) => encodeBatch(batch, data))
      : new WorkerPool("ostree/delta/generate", data, threads);
  const waiting: { batch: readonly FileToEncode[]; result: Promise<EncodedBatch> }[] = [];
  const batches = inBatches(files);
  for (;;) {
    while (waiting.length < threads * 2) {
      const { value: batch } = batches.next();
      if (!batch) break;
      const result = runner.run(batch.map((file) => toRequest(repo, file)));
      // It is awaited in its turn; until then a failure must not count as unhandled.
      result.catch(() => {});
      waiting.push({ batch, result });
    }
    const first = waiting.shift();
    if (!first) return;
    const contents = await first.result;
    for (const [index, file] of first.batch.entries()) yield { ...file, content: contents[index] as EncodedContent };
  }
}

/** Bytes that are read to encode the files. */
export function contentBytes(files: readonly FileToEncode[]): number {
  return files.reduce((sum, { file, partner }) => sum + file.size + (partner?.size ?? 0), 0);
}

function toRequest(repo: Repo, { file, partner, bsdiff }: FileToEncode): EncodeRequest {
  return {
    path: repo.objectPath(file.checksum, "file"),
    partner: partner && repo.objectPath(partner.checksum, "file"),
    bsdiff,
  };
}

function* inBatches(files: readonly FileToEncode[]): Generator<readonly FileToEncode[], undefined> {
  let batch: FileToEncode[] = [];
  let bytes = 0;
  for (const file of files) {
    batch.push(file);
    bytes += file.file.size + (file.partner?.size ?? 0);
    if (bytes < batchBytes && batch.length < batchFiles) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
  return undefined;
}
