// SPDX-License-Identifier: Apache-2.0
import type { Name } from "../name.ts";
import type { ApplicationEvent, GenerationState } from "./model.ts";
import type { GenerationStore } from "./store.ts";

export interface ApplicationHistory {
  readonly application: Name;
  readonly current: number | undefined;
  /** Newest first. */
  readonly generations: readonly GenerationSummary[];
  /** Newest first. */
  readonly events: readonly ApplicationEvent[];
}

export interface GenerationSummary {
  readonly number: number;
  readonly state: GenerationState;
  readonly deployedAt: number;
  readonly deployedBy: string;
  readonly message: string | undefined;
  readonly source: string;
  readonly images: readonly { readonly reference: string; readonly pinned: string | undefined }[];
}

export function applicationHistory(store: GenerationStore, application: Name): ApplicationHistory {
  const { current, generations, events } = store.requireRecord(application);
  const summaries = generations.map(({ number, state }) => {
    const { deployedAt, deployedBy, message, source, rendered } = store.generation(application, number);
    return { number, state, deployedAt, deployedBy, message, source: source.path, images: rendered.images };
  });
  return { application, current, generations: summaries.toReversed(), events: events.toReversed() };
}
