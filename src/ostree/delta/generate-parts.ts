// SPDX-License-Identifier: Apache-2.0
/** From the plan of a delta to its part files. */
import { join } from "node:path";
import { type ProgressListener, runHere, type TaskRunner, WorkerPool } from "../../base/index.ts";
import type { Repo } from "../repo.ts";
import { compressPart, type CompressedPart, type PartToCompress } from "./compress-part.ts";
import type { DeltaPlan } from "./delta-plan.ts";
import { contentBytes, type EncodedFile, encodeFiles, type FileToEncode } from "./encode-batch.ts";
import { smallContent } from "./encode-task.ts";
import type { PartHeader } from "./format.ts";
import { PartBuilder } from "./part-builder.ts";
import { partVersion } from "./part-format.ts";

export interface PartLimits {
  /** Bytes of a part before compression; an object that is larger has a part of its own. */
  readonly maxChunkSize: number;
  readonly threads: number;
}

/** How many files were carried in which way. */
export interface EncodingCounts {
  whole: number;
  bsdiff: number;
  copy: number;
}

/** Part files `0`, `1`, ... in `directory`, and what the superblock says of them. */
export async function generateParts(
  repo: Repo,
  plan: DeltaPlan,
  files: readonly FileToEncode[],
  directory: string,
  limits: PartLimits,
  progress: ProgressListener,
): Promise<{ parts: PartHeader[]; counts: EncodingCounts }> {
  using writer = new PartWriter(directory, limits, contentBytes(files) <= smallContent);
  await addMetadata(repo, plan, writer);
  const counts: EncodingCounts = { whole: 0, bsdiff: 0, copy: 0 };
  let done = 0;
  for await (const encoded of encodeFiles(repo, files, limits.threads)) {
    counts[encoded.content.kind]++;
    await writer.addFile(encoded);
    progress({ type: "steps", task: "delta", done: ++done, total: files.length, unit: "files" });
  }
  return { parts: await writer.finish(), counts };
}

async function addMetadata(repo: Repo, plan: DeltaPlan, writer: PartWriter): Promise<void> {
  for (const object of plan.metadata) {
    const bytes = repo.loadMetadata(object.checksum, object.type as "dirtree" | "dirmeta");
    const builder = await writer.room(bytes.length);
    builder.addMetadata(object, bytes);
  }
  for (const { checksum, header } of plan.symlinks) (await writer.room(0)).addSymlink(checksum, header);
}

/**
 * Fills parts one after another, and hands what is full to threads that compress. What cannot be compressed goes into
 * parts of its own, which need no effort.
 */
class PartWriter implements Disposable {
  readonly #directory: string;
  readonly #maximum: number;
  readonly #runner: TaskRunner<PartToCompress, CompressedPart>;
  readonly #parts: Promise<PartHeader>[] = [];
  readonly #running = new Set<Promise<unknown>>();
  #usual = new PartBuilder();
  #incompressible = new PartBuilder();

  constructor(directory: string, { maxChunkSize, threads }: PartLimits, small: boolean) {
    this.#directory = directory;
    this.#maximum = maxChunkSize;
    this.#runner = small ? runHere(compressPart) : new WorkerPool("ostree/delta/compress", undefined, threads);
  }

  async addFile({ file, partner, content }: EncodedFile): Promise<void> {
    const apart = content.kind === "whole" && content.incompressible;
    const builder = await this.room(content.data.length, apart);
    builder.addFile(file.checksum, file.header, file.size, content, partner?.checksum);
  }

  /** The part that `size` more bytes fit into. */
  async room(size: number, incompressible = false): Promise<PartBuilder> {
    const builder = incompressible ? this.#incompressible : this.#usual;
    if (builder.isEmpty || builder.size + size <= this.#maximum) return builder;
    await this.#compress(builder, incompressible);
    const next = new PartBuilder();
    if (incompressible) this.#incompressible = next;
    else this.#usual = next;
    return next;
  }

  /** A delta has at least one part, as libostree's have. */
  async finish(): Promise<PartHeader[]> {
    if (!this.#incompressible.isEmpty) await this.#compress(this.#incompressible, true);
    if (!this.#usual.isEmpty || this.#parts.length === 0) await this.#compress(this.#usual, false);
    return Promise.all(this.#parts);
  }

  [Symbol.dispose](): void {
    this.#runner[Symbol.dispose]();
  }

  /** Waits while every thread has work and one more part: what waits to be compressed is in memory. */
  async #compress(builder: PartBuilder, incompressible: boolean): Promise<void> {
    while (this.#running.size > this.#runner.size) await Promise.race(this.#running);
    const { payload, usize, objects } = builder.build();
    const path = join(this.#directory, String(this.#parts.length));
    const part = this.#runner
      .run({ payload, incompressible, path }, [payload.buffer as ArrayBuffer])
      .then(({ checksum, size }) => ({ version: partVersion, checksum, size, usize, objects }));
    this.#parts.push(part);
    const ended: Promise<unknown> = part.finally(() => this.#running.delete(ended));
    // Who waits for the parts is told of an error; this only keeps it from being called unhandled before.
    ended.catch(() => {});
    this.#running.add(ended);
  }
}
