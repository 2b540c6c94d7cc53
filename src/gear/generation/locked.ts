// SPDX-License-Identifier: Apache-2.0
import type { Name } from "../name.ts";
import { lockApplication } from "./lock.ts";
import { recover } from "./recover.ts";
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
  using _lock = lockApplication(surroundings.store.root, application);
  const recovered = await recover(surroundings, application);
  if (recovered !== undefined) {
    const { change, outcome, current } = recovered;
    const ended =
      outcome === "done" ? "brought to its end" : outcome === "taken-back" ? "taken back" : "not taken back";
    const runs = current === undefined ? "nothing of it runs" : `generation ${current} runs`;
    const text = `A ${change.kind} of ${application} that was ended in the middle was ${ended}: ${runs}.`;
    surroundings.progress({ type: outcome === "failed" ? "warning" : "note", text });
  }
  return work();
}
