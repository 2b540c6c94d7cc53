// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { JobOutcome, ServiceManager, UnitSummary } from "../systemd/model.ts";
import { compareUnits } from "./compare.ts";
import { readUnit, unitTexts, writeUnits } from "./installed.ts";
import type { Generation } from "./model.ts";
import { orderUnits } from "./order.ts";
import { jobTrouble, type Problem, problemOf } from "./problem.ts";
import { relink } from "./relink.ts";
import type { GenerationStore } from "./store.ts";
import type { Surroundings } from "./surroundings.ts";

export interface Switch {
  /** What has to run; undefined: nothing of the application. */
  readonly target: Generation | undefined;
  /** The other side of the change, which may be in place, wholly or in part. */
  readonly other: Generation | undefined;
  /** Units, also of others, that have to be active at the end. */
  readonly active: readonly string[];
  /** Also start what the target says is started; else it is only enabled. */
  readonly startAll: boolean;
  /** How long starting may take, in milliseconds; what is not ready then is a problem. */
  readonly startWithin: number;
  /** Cancels the starts. */
  readonly signal?: AbortSignal;
}

export interface Switched {
  /** What did not start, or could not be stopped. */
  readonly problems: readonly Problem[];
  /** When the first unit was started, by the surroundings' clock. */
  readonly startedAt: number;
}

/**
 * Brings a host to a generation from wherever it is: it looks at the unit files that are in place, so it goes forward, back, and
 * on from where another run of it was killed. What runs always runs by the file that is in place: units are stopped by the old
 * one before the new one is written, and what is the same in both generations goes on undisturbed.
 */
export async function switchTo(surroundings: Surroundings, change: Switch): Promise<Switched> {
  const { store, services, clock } = surroundings;
  const { target, other } = change;
  const [texts, otherTexts] = [unitTexts(store, target), unitTexts(store, other)];
  const removed = [...otherTexts.keys()].filter((name) => !texts.has(name));
  const stuck = await stopStale(surroundings, change);
  if (stuck.length > 0) return { problems: stuck, startedAt: clock.now() };
  const starts = new Set(target?.rendered.start);
  const dropped = (other?.rendered.start ?? []).filter((name) => !starts.has(name));
  if (dropped.length > 0) await services.disable(dropped);
  writeUnits(store, texts, removed);
  if (starts.size > 0) await services.enable([...starts]);
  // Last: until then systemd says of every unit that it does not know the files.
  await services.daemonReload();
  await forget(services, removed);
  const wanted = orderUnits([...(change.startAll ? starts : []), ...change.active], texts);
  const startedAt = clock.now();
  const problems = await startUnits(surroundings, wanted, change.startWithin, change.signal);
  return { problems: [...problems, ...(await relink(store, target))], startedAt };
}

/** Stops what runs by a file that will not stay, and what does not have to run, the dependants first. */
async function stopStale({ store, services, journal }: Surroundings, change: Switch): Promise<readonly Problem[]> {
  const inPlace = unitsInPlace(store, change);
  const unwanted = change.startAll
    ? []
    : (change.target?.rendered.start ?? []).filter((name) => inPlace.has(name) && !change.active.includes(name));
  const stale = new Set([...staleUnits(store, change, inPlace), ...unwanted]);
  const up = await unitsThat(services, orderUnits(stale, inPlace).toReversed(), isUp);
  await Promise.all(up.map((name) => services.stop(name)));
  const running = await unitsThat(services, up, isUp);
  const what = "could not be stopped";
  return Promise.all(running.map(async (name) => problemOf(journal, await services.unit(name), what)));
}

const isUp = ({ activeState }: UnitSummary) => activeState !== "inactive" && activeState !== "failed";

async function unitsThat(
  services: ServiceManager,
  names: readonly string[],
  are: (summary: UnitSummary) => boolean,
): Promise<readonly string[]> {
  const summaries = await services.summaries(names);
  return names.filter((_, index) => are(summaries[index]!));
}

function unitsInPlace(store: GenerationStore, { target, other }: Switch): ReadonlyMap<string, string> {
  const names = new Set([...(target?.rendered.units.keys() ?? []), ...(other?.rendered.units.keys() ?? [])]);
  const read = [...names].map((name) => [name, readUnit(store, name)] as const);
  return new Map(read.flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const])));
}

function staleUnits(
  store: GenerationStore,
  { target, other }: Switch,
  inPlace: ReadonlyMap<string, string>,
): readonly string[] {
  const [texts, otherTexts] = [unitTexts(store, target), unitTexts(store, other)];
  const same = new Set(compareUnits(other?.rendered, target?.rendered).same);
  const stays = ([name, text]: readonly [string, string]) =>
    text === texts.get(name) || (same.has(name) && text === otherTexts.get(name));
  return [...inPlace].filter((entry) => !stays(entry)).map(([name]) => name);
}

/** A unit that failed stays known to systemd when its file is gone, and its start limit holds over a new file. */
async function forget(services: ServiceManager, names: readonly string[]): Promise<void> {
  const failed = await unitsThat(services, names, ({ activeState }) => activeState === "failed");
  await Promise.all(failed.map((name) => services.resetFailed(name)));
}

/** @returns what did not come to run */
export async function startUnits(
  { services, journal, clock }: Pick<Surroundings, "services" | "journal" | "clock">,
  order: readonly string[],
  within: number,
  interrupt?: AbortSignal,
): Promise<readonly Problem[]> {
  await forget(services, order);
  using limit = clock.limit(within);
  const signal = interrupt === undefined ? limit.signal : AbortSignal.any([limit.signal, interrupt]);
  const started = await Promise.all(order.map((name) => startUnit(services, name, signal)));
  const refused = started.filter((one) => "what" in one);
  return [
    ...refused,
    ...(await jobProblems(
      journal,
      started.filter((one) => "result" in one),
    )),
  ];
}

/** What systemd does not take as a job, because the unit's file is gone or cannot be read, is a problem as any other. */
async function startUnit(services: ServiceManager, unit: string, signal: AbortSignal): Promise<JobOutcome | Problem> {
  try {
    return await services.start(unit, { signal });
  } catch (error) {
    if (!gearError.is(error, "systemd")) throw error;
    return { unit, what: `was not started: ${error.message}`, log: [] };
  }
}

export async function jobProblems(
  journal: Surroundings["journal"],
  outcomes: readonly JobOutcome[],
): Promise<Problem[]> {
  const bad = outcomes.filter((outcome) => outcome.result !== "done");
  const found = bad.flatMap((outcome) => {
    const trouble = jobTrouble(outcome);
    return trouble === undefined ? [] : [problemOf(journal, outcome.status, trouble)];
  });
  return Promise.all(found);
}
