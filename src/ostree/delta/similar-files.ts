// SPDX-License-Identifier: Apache-2.0
/** Partners for files that no name leads to one: a renamed program, a library that was split. */
import { runHere, type TaskRunner, WorkerPool } from "../../base/index.ts";
import type { Checksum } from "../model.ts";
import type { Repo } from "../repo.ts";
import type { DeltaPlan, NewFile } from "./delta-plan.ts";
import type { EncodeData } from "./encode-batch.ts";
import { sketchFiles, smallContent } from "./encode-task.ts";
import type { Partner, PartnerFinder } from "./partners.ts";
import { SketchIndex } from "./sketch.ts";

/** Smaller files are not worth looking for; larger ones would be too much to have in memory. */
const sketched = { least: 4096, most: 128 << 20 };
const batchBytes = 4 << 20;

/** For each of `files` the file that is gone from the new commit and most like it, where there is one. */
export async function findSimilar(
  repo: Repo,
  plan: DeltaPlan,
  files: readonly NewFile[],
  finder: PartnerFinder,
  threads: number,
): Promise<ReadonlyMap<Checksum, Partner>> {
  const wanted = files.filter(({ size }) => isSketched(size));
  const gone =
    wanted.length === 0 ? [] : [...plan.vanished].sort().flatMap((checksum) => finder.partner(checksum) ?? []);
  const candidates = gone.filter(({ size }) => isSketched(size));
  const similar = new Map<Checksum, Partner>();
  if (candidates.length === 0) return similar;
  const sketches = await sketchAll(repo, [...wanted, ...candidates], threads);
  const index = new SketchIndex<Partner>();
  for (const candidate of candidates) index.add(candidate, sketches.get(candidate.checksum) ?? new Uint32Array());
  for (const { checksum } of wanted) {
    const partner = index.mostAlike(sketches.get(checksum) ?? new Uint32Array());
    if (partner) similar.set(checksum, partner);
  }
  return similar;
}

function isSketched(size: number): boolean {
  return size >= sketched.least && size <= sketched.most;
}

interface Sized {
  readonly checksum: Checksum;
  readonly size: number;
}

async function sketchAll(
  repo: Repo,
  files: readonly Sized[],
  threads: number,
): Promise<ReadonlyMap<Checksum, Uint32Array>> {
  const data: EncodeData = { mode: repo.mode };
  using runner: TaskRunner<readonly string[], Uint32Array[]> =
    files.reduce((sum, { size }) => sum + size, 0) <= smallContent
      ? runHere((paths) => sketchFiles(paths, data))
      : new WorkerPool("ostree/delta/sketch", data, threads);
  const sketches = new Map<Checksum, Uint32Array>();
  await Promise.all(
    inBatches(files).map(async (batch) => {
      const paths = batch.map(({ checksum }) => repo.objectPath(checksum, "file"));
      for (const [index, sketch] of (await runner.run(paths)).entries()) {
        const file = batch[index];
        if (file) sketches.set(file.checksum, sketch);
      }
    }),
  );
  return sketches;
}

function inBatches(files: readonly Sized[]): Sized[][] {
  const batches: Sized[][] = [];
  let room = 0;
  for (const file of files) {
    if (room <= 0) {
      batches.push([]);
      room = batchBytes;
    }
    batches.at(-1)?.push(file);
    room -= file.size;
  }
  return batches;
}
