// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { Name } from "../name.ts";
import { beginChange, type Who } from "./change.ts";
import { refuseConflicts } from "./conflicts.ts";
import { type ChangeReport, conductChange, currentGeneration } from "./deploy.ts";
import { requireHost } from "./host-binding.ts";
import { takenPorts } from "./listening.ts";
import { lockHost } from "./lock.ts";
import { withApplication } from "./locked.ts";
import type { ApplicationRecord, Generation, GenerationState, Transaction } from "./model.ts";
import { pinImages } from "./pin-images.ts";
import type { Surroundings } from "./surroundings.ts";

export interface RollbackRequest extends Who {
  readonly application: Name;
  /** Undefined: the one before that which runs. */
  readonly generation: number | undefined;
  readonly signal?: AbortSignal;
}

/** Goes to a generation that is kept, as it was: its units, its images, its files. Done again, it goes further back. */
export async function rollback(surroundings: Surroundings, request: RollbackRequest): Promise<ChangeReport> {
  const { application, signal } = request;
  surroundings.store.requireRecord(application);
  return withApplication(surroundings, application, async () => {
    const { current, target } = await beginRollback(surroundings, request);
    return conductChange(surroundings, application, current, target, "rollback", signal);
  });
}

/** Records that the change begins; what runs is not touched. The caller holds the application's lock. */
export async function beginRollback(
  surroundings: Surroundings,
  {
    application,
    generation,
    signal,
    by,
    command,
    transaction,
  }: RollbackRequest & { readonly transaction?: Transaction },
): Promise<{ readonly current: Generation | undefined; readonly target: Generation }> {
  const { store } = surroundings;
  const record = store.requireRecord(application);
  const number = generation ?? before(application, record);
  const current = currentGeneration(surroundings, application);
  if (number === current?.number) {
    throw gearError("no-generation", `generation ${number} of ${application} is the one that runs`);
  }
  if (record.generations.every((one) => one.number !== number)) {
    throw gearError("no-generation", `${application} has no generation ${number}`, {
      hint: `kept are ${record.generations.map((one) => one.number).join(", ")}`,
    });
  }
  const target = store.generation(application, number);
  requireHost(surroundings, { application, hostVersion: target.hostVersion, withHost: false });
  // By its pins: what was removed by hand is brought back, or it is known before anything is stopped.
  const pins = target.rendered.images.map(({ reference, pinned }) => pinned ?? reference);
  await pinImages(surroundings, pins, "missing", signal);
  using _host = await lockHost(store.root);
  await refuseConflicts(surroundings, target.rendered, current?.rendered, takenPorts());
  const change = { kind: "rollback", from: current?.number, to: number, ...(transaction && { transaction }) } as const;
  await beginChange(surroundings, application, { ...change, by, command });
  return { current, target };
}

function before(application: Name, { current, generations }: ApplicationRecord): number {
  const ran = (state: GenerationState) => state !== "failed" && state !== "waiting";
  const older = generations.filter(({ number, state }) => number < (current ?? Infinity) && ran(state));
  const found = older.at(-1);
  if (found !== undefined) return found.number;
  throw gearError("no-generation", `${application} has no generation before ${current ?? "the first"} that ran`, {
    hint: `atomic gear history ${application}`,
  });
}
