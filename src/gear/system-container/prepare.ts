// SPDX-License-Identifier: Apache-2.0
import { chmodSync, fsyncSync, mkdirSync, openSync, closeSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeTree, syncDirectory, syncFileSystem, temporaryName } from "../../base/index.ts";
import { checkout, pullContainer, type Repo } from "../../ostree/index.ts";
import type { SystemGeneration } from "./model.ts";
import { type GenerationRequest, renderGeneration, type Rendering } from "./render-generation.ts";
import { generationRef, openRepository, parseContainerImage } from "./repository.ts";
import type { SystemStore } from "./store.ts";

/** A generation that is written under a temporary name. */
export interface Prepared {
  readonly generation: SystemGeneration;
  readonly layers: { readonly fetched: number; readonly total: number };
  /** Gives it its name: from then on it is one of the container's generations. */
  adopt(): void;
  discard(): void;
}

/** Brings the image into the repository, checks it out, and renders what it says of itself. */
export async function prepareGeneration(store: SystemStore, request: GenerationRequest): Promise<Prepared> {
  const { name, progress, signal } = request;
  const repo = openRepository(store);
  const image = await pullContainer(repo, parseContainerImage(request.image), { signal }, progress);
  const number = Math.max(-1, ...store.numbers(name)) + 1;
  const temporary = temporaryName(store.path);
  mkdirSync(temporary, { mode: 0o755 });
  try {
    await checkout(repo, image.commit, join(temporary, "rootfs"));
    const made = renderGeneration(store, request, image, number, join(temporary, "rootfs"));
    for (const text of made.warnings) progress({ type: "warning", text });
    write(temporary, made);
    return {
      generation: made.generation,
      layers: image.layers,
      adopt: () => adopt(store, repo, made.generation, temporary),
      discard: () => removeTree(temporary),
    };
  } catch (error) {
    removeTree(temporary);
    throw error;
  }
}

/** The ref first: what a checkout has must not be pruned. Its links are on the disk before it has its name. */
function adopt(store: SystemStore, repo: Repo, { name, number, commit }: SystemGeneration, temporary: string): void {
  syncFileSystem(temporary);
  repo.setRef(generationRef(name, number), repo.resolve(commit));
  renameSync(temporary, store.directory(name, number));
  syncDirectory(store.path);
}

/** All flushed, so that a generation that has its name is whole. */
function write(directory: string, { generation, config, files }: Rendering): void {
  chmodSync(directory, 0o755);
  if (config !== undefined) flushed(join(directory, "config.json"), JSON.stringify(config, undefined, 2), 0o600);
  if (generation.unit !== undefined) flushed(join(directory, `${generation.name}.service`), generation.unit, 0o644);
  if (files.length > 0) mkdirSync(join(directory, "hostfs"), { mode: 0o700 });
  for (const [index, { content }] of files.entries()) flushed(join(directory, "hostfs", String(index)), content, 0o600);
  flushed(join(directory, "info"), `${JSON.stringify(generation, undefined, 2)}\n`, 0o600);
  syncDirectory(directory);
}

function flushed(path: string, content: string | Buffer, mode: number): void {
  const fd = openSync(path, "wx", mode);
  try {
    writeFileSync(fd, content);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
