// SPDX-License-Identifier: Apache-2.0
import { AtomicError, removeTree } from "../../base/index.ts";
import type { Name } from "../name.ts";
import { generationsBound, withoutGoneHosts } from "./host-binding.ts";
import type { ApplicationRecord, Generation, GenerationState } from "./model.ts";
import type { Surroundings } from "./surroundings.ts";
import type { GenerationStore } from "./store.ts";

/**
 * Keeps as many generations as the policy of the one that runs says, the newest of them, and besides them the last that failed,
 * so that it can be looked into, and those that a host which is kept would come back to. The
 * others are removed with the images that were pulled for them alone.
 * @returns their numbers
 */
export async function pruneGenerations(surroundings: Surroundings, application: Name): Promise<readonly number[]> {
  const { store } = surroundings;
  const record = store.requireRecord(application);
  if (record.current === undefined) return [];
  const { policy } = store.generation(application, record.current);
  const hosts = record.hosts && withoutGoneHosts(record.hosts, surroundings.host);
  const kept = generationsKept({ ...record, hosts }, policy.keep);
  const gone = record.generations.filter(({ number }) => !kept.has(number)).map(({ number }) => number);
  if (gone.length === 0) return [];
  const candidates = gone.flatMap((number) => store.generation(application, number).pulled);
  store.writeRecord(application, {
    ...record,
    hosts,
    generations: record.generations.filter(({ number }) => kept.has(number)),
  });
  for (const number of gone) removeTree(store.directory(application, number));
  await pruneImages(surroundings, candidates);
  return gone;
}

function generationsKept({ current, generations, hosts }: ApplicationRecord, keep: number): ReadonlySet<number> {
  const newest = generations.toReversed();
  const ran = (state: GenerationState) => state !== "failed" && state !== "waiting";
  const others = newest.filter(({ number, state }) => number !== current && ran(state));
  const failed = newest.find(({ number, state }) => number !== current && state === "failed");
  const kept = others.slice(0, Math.max(0, keep - 1)).map(({ number }) => number);
  const bound = hosts === undefined ? [] : generationsBound(hosts);
  return new Set([current!, ...kept, ...bound, ...(failed === undefined ? [] : [failed.number])]);
}

/** Removes images of `candidates` that no generation of any application names, and no container uses. */
export async function pruneImages(
  { store, engine, progress }: Pick<Surroundings, "store" | "engine" | "progress">,
  candidates: readonly string[],
): Promise<void> {
  const keep = new Set(allGenerations(store).flatMap(({ rendered }) => pinsOf(rendered)));
  const unused = [...new Set(candidates)].filter((pinned) => !keep.has(pinned));
  if (unused.length === 0) return;
  try {
    await engine.pruneImages([...keep], unused);
  } catch (error) {
    if (!(error instanceof AtomicError)) throw error;
    // What runs is as it should be; the images only take space.
    progress({ type: "warning", text: `old images were not removed: ${error.message}` });
  }
}

const pinsOf = ({ images }: Generation["rendered"]): string[] =>
  images.flatMap(({ pinned }) => (pinned === undefined ? [] : [pinned]));

function allGenerations(store: GenerationStore): Generation[] {
  return store
    .applications()
    .flatMap((name) => (store.record(name)?.generations ?? []).map(({ number }) => store.generation(name, number)));
}
