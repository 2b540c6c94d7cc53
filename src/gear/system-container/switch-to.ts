// SPDX-License-Identifier: Apache-2.0
import type { ProgressListener } from "../../base/index.ts";
import type { Clock, Journal } from "../generation/surroundings.ts";
import { watchHealth } from "../generation/watch-health.ts";
import { type Problem, problemOf, reasonOf, stateText } from "../generation/problem.ts";
import { defaultUpdate } from "../defaults.ts";
import type { Name } from "../name.ts";
import type { ServiceManager } from "../systemd/model.ts";
import { placeOnHost, unitOf } from "./host-place.ts";
import type { SystemChange, SystemGeneration } from "./model.ts";
import type { Prepared } from "./prepare.ts";
import type { SystemStore } from "./store.ts";

/** What system containers are worked on with. */
export interface SystemSurroundings {
  readonly store: SystemStore;
  readonly services: ServiceManager;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly progress: ProgressListener;
}

/** For how long a service has to run before it counts, and for how long that is waited for. Milliseconds. */
export interface HealthTime {
  readonly minHealthyTime: number;
  readonly healthyDeadline: number;
}

export const defaultHealthTime: HealthTime = { minHealthyTime: 5000, healthyDeadline: 60_000 };

export interface SwitchResult {
  readonly outcome: "done" | "taken-back";
  readonly problems: readonly Problem[];
  readonly reason: string | undefined;
  /** Files of the generation before that somebody has changed: they stay where they are. */
  readonly left: readonly string[];
}

/**
 * Goes from the generation that counts to another, which may be one that was just prepared, or to none. What is about to be done is recorded first; then units and files are
 * replaced, the service is started and watched, and at last the link of the name is. What does not come through, or is
 * interrupted before that, is taken back.
 */
export async function switchTo(
  surroundings: SystemSurroundings,
  name: Name,
  target: Prepared | SystemGeneration | undefined,
  health: HealthTime,
  signal?: AbortSignal,
): Promise<SwitchResult> {
  const { store } = surroundings;
  const prepared = target !== undefined && "adopt" in target ? target : undefined;
  const to = target !== undefined && "adopt" in target ? target.generation : target;
  const from = store.find(name)?.current;
  const wanted = from === undefined || (await isActive(surroundings, name));
  const active = from !== undefined && wanted;
  const change: SystemChange = { from: from?.number, to: to?.number, made: prepared !== undefined, active };
  store.writeChange(name, change);
  prepared?.adopt();
  const { left, problems } = await forward(surroundings, name, from, to, wanted, health, signal);
  if (problems.length === 0) {
    store.setCurrent(name, to?.number);
    store.writeChange(name, undefined);
    return { outcome: "done", problems, reason: undefined, left };
  }
  await takeBack(surroundings, name, change);
  return { outcome: "taken-back", problems, reason: reasonOf(problems), left: [] };
}

async function forward(
  surroundings: SystemSurroundings,
  name: Name,
  from: SystemGeneration | undefined,
  to: SystemGeneration | undefined,
  start: boolean,
  health: HealthTime,
  signal: AbortSignal | undefined,
): Promise<{ readonly left: readonly string[]; readonly problems: readonly Problem[] }> {
  try {
    const left = await replace(surroundings, name, from, to);
    if (to?.unit === undefined || !start) return { left, problems: [] };
    return { left, problems: await startAndWatch(surroundings, to, health, signal) };
  } catch (error) {
    const log = (error as Error).message.split("\n").slice(0, 5);
    return { left: [], problems: [{ unit: unitOf(name), what: "was not put in place", log }] };
  }
}

/** Stops what runs, and brings unit and files to those of the other generation. */
async function replace(
  { store, services }: SystemSurroundings,
  name: Name,
  from: SystemGeneration | undefined,
  to: SystemGeneration | undefined,
): Promise<readonly string[]> {
  const unit = unitOf(name);
  const known = (await services.unit(unit)).loadState !== "not-found";
  if (known && from?.unit !== undefined) {
    await services.stop(unit);
    if (to?.unit === undefined) await services.disable([unit]);
  }
  const left = await placeOnHost(store, name, from, to);
  if (to?.unit !== undefined) await services.enable([unit]);
  await services.daemonReload();
  return left;
}

async function startAndWatch(
  surroundings: SystemSurroundings,
  { name, unit }: SystemGeneration,
  health: HealthTime,
  signal: AbortSignal | undefined,
): Promise<readonly Problem[]> {
  const { services, clock, journal } = surroundings;
  const service = unitOf(name);
  await services.resetFailed(service).catch(() => {});
  const { result } = await services.start(service);
  if (result !== "done") {
    const status = await services.unit(service);
    return [await problemOf(journal, status, stateText(status))];
  }
  const deadline = clock.now() + health.healthyDeadline;
  const units = new Map([[service, unit ?? ""]]);
  const watched = { start: [service], instances: [], units };
  try {
    return await watchHealth(surroundings, watched, { ...defaultUpdate, ...health }, deadline, signal);
  } catch (error) {
    if (signal?.aborted !== true) throw error;
    return [{ unit: service, what: "was not waited for: the command was interrupted", log: [] }];
  }
}

/** Brings back what was, as it was: also after whoever began the change was killed. */
async function takeBack(surroundings: SystemSurroundings, name: Name, change: SystemChange): Promise<void> {
  const { store, services } = surroundings;
  const numbers = store.numbers(name);
  const find = (number: number | undefined) =>
    number !== undefined && numbers.includes(number) ? store.generation(name, number) : undefined;
  const [from, to] = [find(change.from), find(change.to)];
  // Without it, nothing was done yet.
  if (to !== undefined) await replace(surroundings, name, to, from);
  if (from?.unit !== undefined && change.active) await services.start(unitOf(name));
  if (to !== undefined && change.made) store.removeGeneration(name, to.number);
  store.writeChange(name, undefined);
}

/**
 * Ends a change whose program was killed: one that had come through is done, a removal is finished, any other is taken back,
 * because nobody has seen it run. The caller holds the lock.
 * @returns in a sentence what was done; undefined where nothing had to be
 */
export async function recoverChange(surroundings: SystemSurroundings, name: Name): Promise<string | undefined> {
  const { store } = surroundings;
  const change = store.change(name);
  if (change === undefined) return undefined;
  if (change.to === undefined) {
    const from = change.from === undefined ? undefined : store.generation(name, change.from);
    await replace(surroundings, name, from, undefined);
    store.setCurrent(name, undefined);
    store.writeChange(name, undefined);
    return `The removal of ${name} that was ended in the middle was brought to its end.`;
  }
  if (store.current(name) === change.to) {
    store.writeChange(name, undefined);
    return undefined;
  }
  await takeBack(surroundings, name, change);
  const runs = change.from === undefined ? "nothing of it is there" : `generation ${change.from} is in place`;
  return `A change of ${name} that was ended in the middle was taken back: ${runs}.`;
}

async function isActive({ services }: SystemSurroundings, name: Name): Promise<boolean> {
  const { activeState } = await services.unit(unitOf(name));
  return activeState === "active" || activeState === "activating" || activeState === "reloading";
}
