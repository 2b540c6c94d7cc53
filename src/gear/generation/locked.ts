// SPDX-License-Identifier: Apache-2.0
import type { Name } from "../name.ts";
import { lockApplication } from "./lock.ts";
import { recover, type Recovery } from "./recover.ts";
import type { Surroundings } from "./surroundings.ts";

/**
 * Runs what changes an application: alone, and after a change whose program was killed has been brought to its end.
 * @throws gear-busy
 */
export async function withApplication<T>(
  surroundings: Surroundings,
  application: Name,
  work: () => Promise<T>,
): Promise<T> {
  using _lock = await lockApplication(surroundings.store.root, application);
  await recoverHeld(surroundings, application);
  return await work();
}

/** Brings a change whose program was killed to its end, and tells it. The caller holds the application's lock. */
export async function recoverHeld(surroundings: Surroundings, application: Name): Promise<void> {
  const recovered = await recover(surroundings, application);
  if (recovered === undefined) return;
  const type = recovered.outcome === "failed" ? "warning" : "note";
  surroundings.progress({ type, text: recovered.summary });
}

/** Nothing but that. @returns undefined where there was nothing to do */
export async function recoverApplication(surroundings: Surroundings, application: Name): Promise<Recovery | undefined> {
  using _lock = await lockApplication(surroundings.store.root, application);
  return await recover(surroundings, application);
}
