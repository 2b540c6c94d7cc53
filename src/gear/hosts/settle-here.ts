// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import type { HeldLock, ProgressListener } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import { comeThrough, conclude, takeBack } from "../generation/change.ts";
import { currentGeneration } from "../generation/deploy.ts";
import { lockApplication } from "../generation/lock.ts";
import type { ApplicationRecord } from "../generation/model.ts";
import { pruneGenerations } from "../generation/prune.ts";
import { rollback } from "../generation/rollback.ts";
import { GenerationStore } from "../generation/store.ts";
import type { Surroundings } from "../generation/surroundings.ts";
import type { Name } from "../name.ts";
import type { Connect } from "./participant.ts";
import type { Settled, SettleRequest } from "./requests.ts";

/** How long the process whose connection broke may take to notice. */
const patienceMs = 30_000;

/** Tells what became of a host's part, and ends it as all hosts do: one that is open stays or goes back, one that went back comes again. */
export async function settleHere(
  connect: Connect,
  progress: ProgressListener,
  { application, transaction, decision }: SettleRequest,
): Promise<Settled> {
  const store = new GenerationStore();
  const before = store.record(application);
  if (before === undefined) return nothing;
  const engine = currentGeneration({ store }, application)?.engine ?? engineOf(store, application, before);
  using surroundings = await connect(engine, progress);
  let found: Settled;
  {
    using _lock = await lockPatiently(surroundings, application);
    found = stateOf(surroundings.store.record(application), transaction);
    if (found.state === "open" && decision !== undefined) {
      if (decision === "back") await takeBack(surroundings, application, "not all of its hosts came to run it");
      else {
        await conclude(surroundings, application, comeThrough);
        await pruneGenerations(surroundings, application);
      }
      return stateOf(surroundings.store.record(application), found.transaction);
    }
  }
  if (found.state !== "back" || decision !== "keep") return found;
  const who = { by: "atomic", command: "atomic gear recover" };
  const { outcome, reason } = await rollback(surroundings, { application, generation: found.generation, ...who });
  if (outcome === "done") return { ...found, state: "kept" };
  throw gearError("host", `generation ${found.generation} of ${application} does not come to run: ${reason}`);
}

const nothing: Settled = { transaction: undefined, hosts: [], state: "unknown", generation: undefined };

/** @param wanted undefined: the last one */
function stateOf(record: ApplicationRecord | undefined, wanted: string | undefined): Settled {
  if (record === undefined) return nothing;
  const { change, events, current } = record;
  const { transaction } = change ?? {};
  if (transaction !== undefined && (wanted === undefined || transaction.id === wanted)) {
    return { transaction: transaction.id, hosts: transaction.hosts, state: "open", generation: change?.to };
  }
  const event = events.findLast(
    (one) => one.transaction !== undefined && (wanted ?? one.transaction) === one.transaction,
  );
  if (event === undefined) return nothing;
  const isKept = event.outcome === "done" || current === event.to;
  return { transaction: event.transaction, hosts: [], state: isKept ? "kept" : "back", generation: event.to };
}

function engineOf(store: GenerationStore, application: Name, { generations }: ApplicationRecord) {
  const last = generations.at(-1);
  return last === undefined ? "podman" : store.generation(application, last.number).engine;
}

async function lockPatiently({ store }: Surroundings, application: Name): Promise<HeldLock> {
  for (const until = Date.now() + patienceMs; ; await sleep(200)) {
    try {
      return await lockApplication(store.root, application);
    } catch (error) {
      if (!gearError.is(error, "busy") || Date.now() > until) throw error;
    }
  }
}
