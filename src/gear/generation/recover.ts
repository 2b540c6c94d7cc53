// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { Name } from "../name.ts";
import { carryOut, type ChangeResult, takeBack } from "./change.ts";
import type { Change } from "./model.ts";
import { pledgedFor } from "./pledge.ts";
import type { Surroundings } from "./surroundings.ts";

export interface Recovery extends ChangeResult {
  readonly application: Name;
  readonly change: Change;
  /** In one sentence for people. */
  readonly summary: string;
}

/**
 * Ends a change whose program was killed: a deployment is taken back, because nobody has seen it healthy; what the operator
 * wanted away from (a rollback, a deletion) is brought to its end; what was being taken back is taken back. What several hosts
 * were to keep as one is taken back on this one, whatever it was. The caller holds the application's lock.
 * @returns undefined where there was nothing to do
 * @throws gear-busy as long as this host's word holds not to go back by itself
 */
export async function recover(surroundings: Surroundings, application: Name): Promise<Recovery | undefined> {
  const { store } = surroundings;
  const change = store.record(application)?.change;
  store.removeUnfinished(application);
  if (change === undefined) return undefined;
  refusePledged(change);
  const result = await finish(surroundings, application, change);
  return { ...result, application, change, summary: summarize(application, change, result) };
}

function finish(surroundings: Surroundings, application: Name, change: Change): Promise<ChangeResult> {
  if (change.back !== undefined) return takeBack(surroundings, application, change.back);
  if (change.transaction !== undefined)
    return takeBack(surroundings, application, "all its hosts were not told to keep it");
  if (change.kind === "rollback" || change.kind === "delete") return carryOut(surroundings, application);
  return takeBack(surroundings, application, "it was ended in the middle (killed, or the power went)");
}

function refusePledged(change: Change): void {
  const left = pledgedFor(change);
  if (left === 0) return;
  const { hosts } = change.transaction!;
  throw gearError("busy", `a ${change.kind} on ${hosts.join(", ")} waits to be kept by all of them`, {
    hint: `in ${Math.ceil(left / 1000)} s at the latest this host goes back by itself`,
  });
}

function summarize(application: Name, { kind }: Change, { outcome, current }: ChangeResult): string {
  const ended = { done: "brought to its end", "taken-back": "taken back", failed: "not taken back" }[outcome];
  const runs = current === undefined ? "nothing of it runs" : `generation ${current} runs`;
  return `A ${kind} of ${application} that was ended in the middle was ${ended}: ${runs}.`;
}
