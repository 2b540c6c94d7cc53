// SPDX-License-Identifier: Apache-2.0
import type { Name } from "../name.ts";
import { carryOut, type ChangeResult, takeBack } from "./change.ts";
import type { Change } from "./model.ts";
import type { Surroundings } from "./surroundings.ts";

export interface Recovery extends ChangeResult {
  readonly application: Name;
  readonly change: Change;
  /** In one sentence for people. */
  readonly summary: string;
}

/**
 * Ends a change whose program was killed: a deployment is taken back, because nobody has seen it healthy; what the operator
 * wanted away from (a rollback, a deletion) is brought to its end; what was being taken back is taken back.
 * The caller holds the application's lock.
 * @returns undefined where there was nothing to do
 */
export async function recover(surroundings: Surroundings, application: Name): Promise<Recovery | undefined> {
  const { store } = surroundings;
  const change = store.record(application)?.change;
  store.removeUnfinished(application);
  if (change === undefined) return undefined;
  const result = await finish(surroundings, application, change);
  return { ...result, application, change, summary: summarize(application, change, result) };
}

function finish(surroundings: Surroundings, application: Name, change: Change): Promise<ChangeResult> {
  if (change.back !== undefined) return takeBack(surroundings, application, change.back);
  if (change.kind === "rollback" || change.kind === "delete") return carryOut(surroundings, application);
  return takeBack(surroundings, application, "it was ended in the middle (killed, or the power went)");
}

function summarize(application: Name, { kind }: Change, { outcome, current }: ChangeResult): string {
  const ended = { done: "brought to its end", "taken-back": "taken back", failed: "not taken back" }[outcome];
  const runs = current === undefined ? "nothing of it runs" : `generation ${current} runs`;
  return `A ${kind} of ${application} that was ended in the middle was ${ended}: ${runs}.`;
}
