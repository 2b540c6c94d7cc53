// SPDX-License-Identifier: Apache-2.0
import type { Name } from "../name.ts";
import { carryOut, type ChangeResult, takeBack } from "./change.ts";
import type { Change } from "./model.ts";
import type { Surroundings } from "./surroundings.ts";

export interface Recovered extends ChangeResult {
  readonly application: Name;
  readonly change: Change;
}

/**
 * Ends a change whose program was killed: a deployment is taken back, because nobody has seen it healthy; what the operator
 * wanted away from (a rollback, a deletion) is brought to its end; what was being taken back is taken back.
 * The caller holds the application's lock.
 * @returns undefined where there was nothing to do
 */
export async function recover(surroundings: Surroundings, application: Name): Promise<Recovered | undefined> {
  const { store } = surroundings;
  const change = store.record(application)?.change;
  store.removeUnfinished(application);
  if (change === undefined) return undefined;
  const result = await finish(surroundings, application, change);
  return { ...result, application, change };
}

function finish(surroundings: Surroundings, application: Name, change: Change): Promise<ChangeResult> {
  if (change.back !== undefined) return takeBack(surroundings, application, change.back);
  if (change.kind === "rollback" || change.kind === "delete") return carryOut(surroundings, application);
  return takeBack(surroundings, application, "it was ended in the middle (killed, or the power went)");
}
