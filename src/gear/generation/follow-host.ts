// SPDX-License-Identifier: Apache-2.0
import { listDirectory } from "../../base/index.ts";
import type { Name } from "../name.ts";
import { journalEntry, type Who } from "./change.ts";
import { bindingsAfter, chooseGeneration, hostText } from "./host-binding.ts";
import { readUnit, unitDirectory, unitTexts, writeUnits } from "./installed.ts";
import { lockApplication } from "./lock.ts";
import type { ApplicationEvent, ApplicationRecord, Generation, HostDeployment } from "./model.ts";
import type { GenerationStore } from "./store.ts";
import type { Clock, Journal } from "./surroundings.ts";

/** What can be asked of systemd before there is a bus. It starts units later, in their order. */
export interface EarlyManager {
  disable(units: readonly string[]): Promise<void>;
  daemonReload(): Promise<void>;
  enable(units: readonly string[]): Promise<void>;
  queueStart(units: readonly string[]): Promise<void>;
}

export interface EarlySurroundings {
  readonly store: GenerationStore;
  readonly manager: EarlyManager;
  readonly clock: Pick<Clock, "date">;
  readonly journal: Pick<Journal, "write">;
  /** Deployment of the host that was booted. */
  readonly booted: HostDeployment;
}

export interface Followed {
  readonly application: Name;
  readonly from: number;
  readonly to: number;
  readonly host: HostDeployment;
}

/**
 * Brings the generation into place that goes with the host that was booted, before anything of the application has started: only
 * files are written. The record is replaced last, so that the same is done again when this was cut short.
 * @returns undefined where what was in place stays
 */
export async function followHost(
  surroundings: EarlySurroundings,
  { application, by, command }: Who & { readonly application: Name },
): Promise<Followed | undefined> {
  const { store, booted, clock, journal } = surroundings;
  using _lock = await lockApplication(store.root, application);
  const found = store.requireRecord(application);
  const record = withoutInterrupted(found, clock);
  const { current, hosts } = record;
  if (hosts === undefined || current === undefined || record.change !== undefined) return undefined;
  const versionOf = (number: number) => store.generation(application, number).hostVersion;
  const to = chooseGeneration(hosts, current, booted, versionOf);
  const next = { ...record, hosts: bindingsAfter(hosts, booted, to) };
  const target = store.generation(application, to);
  if (to === current && found.change === undefined && !holdsOther(store, record, target)) {
    store.writeRecord(application, next);
    return undefined;
  }
  await placeEarly(surroundings, record, target);
  const reason = `the host runs ${hostText(booted)}`;
  const event: ApplicationEvent = {
    at: clock.date(),
    kind: "follow-host",
    from: current,
    to,
    outcome: "done",
    reason,
    by,
    command,
  };
  store.writeRecord(application, { ...switched(next, current, to), events: [...next.events, event] });
  await journal.write(journalEntry(application, target.rendered.tenant, event, to));
  return { application, from: current, to, host: booted };
}

function switched(record: ApplicationRecord, from: number, to: number): ApplicationRecord {
  const generations = record.generations.map((one) => {
    if (one.number === to) return { ...one, state: "running" as const };
    return one.number === from && one.state === "running" ? { ...one, state: "replaced" as const } : one;
  });
  return { ...record, current: to, generations };
}

/**
 * A change that a power cut has ended, brought to its end as `recover` does: nothing runs yet, so only the record says. A deletion
 * is left to it, and what several hosts do as one.
 */
function withoutInterrupted(record: ApplicationRecord, clock: Pick<Clock, "date">): ApplicationRecord {
  const { change } = record;
  if (change === undefined || change.kind === "delete" || change.transaction !== undefined) return record;
  const forward = change.kind === "rollback" && change.back === undefined;
  const [current, other] = forward ? [change.to, change.from] : [change.from, change.to];
  const { kind, from, to, by, command } = change;
  const reason = change.back ?? (forward ? undefined : "it was ended in the middle (killed, or the power went)");
  const outcome = forward ? "done" : "taken-back";
  const generations = record.generations.map((one) => {
    if (one.number === current) return { ...one, state: "running" as const };
    return one.number === other ? { ...one, state: forward ? ("rolled-back" as const) : ("failed" as const) } : one;
  });
  const event: ApplicationEvent = { at: clock.date(), kind, from, to, outcome, reason, by, command };
  return { ...record, current, change: undefined, generations, events: [...record.events, event] };
}

/** Whether units of another generation are in place: /etc is the deployment's own, and as it was when that ran last. */
function holdsOther(store: GenerationStore, { generations }: ApplicationRecord, target: Generation): boolean {
  const wanted = unitTexts(store, target);
  const { application } = target.rendered;
  return generations.some(({ number }) =>
    [...unitTexts(store, store.generation(application, number))].some(
      ([name, text]) => wanted.get(name) !== text && readUnit(store, name) === text,
    ),
  );
}

/** Takes away what units of any kept generation are in place besides the target's. */
async function placeEarly(
  { store, manager }: EarlySurroundings,
  { generations }: ApplicationRecord,
  target: Generation,
): Promise<void> {
  const { application, start } = target.rendered;
  const kept = generations.map(({ number }) => store.generation(application, number).rendered);
  const texts = unitTexts(store, target);
  const inPlace = new Set(listDirectory(unitDirectory(store)));
  const foreign = (names: Iterable<string>) => [...new Set(names)].filter((name) => inPlace.has(name));
  const removed = foreign(kept.flatMap(({ units }) => [...units.keys()])).filter((name) => !texts.has(name));
  const dropped = foreign(kept.flatMap((one) => one.start)).filter((name) => !start.includes(name));
  if (dropped.length > 0) await manager.disable(dropped);
  writeUnits(store, texts, removed);
  await manager.enable(start);
  await manager.daemonReload();
  // What both have is queued by the boot already; it starts by the file that is there now.
  await manager.queueStart(start);
}
