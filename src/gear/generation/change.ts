// SPDX-License-Identifier: Apache-2.0
/** A change of what runs, from being recorded to being done or taken back. Every step is recorded before it is taken. */
import { AtomicError } from "../../base/index.ts";
import type { Name } from "../name.ts";
import { bind, noBindings } from "./host-binding.ts";
import type { ApplicationRecord, Change, Generation, GenerationState, HostBindings, Outcome } from "./model.ts";
import { type Problem, reasonOf } from "./problem.ts";
import { giveRoomBack, putRoomAside } from "./reserve.ts";
import type { ActiveState, UnitSummary } from "../systemd/model.ts";
import type { Surroundings } from "./surroundings.ts";
import { switchTo } from "./switch-to.ts";
import { watchHealth } from "./watch-health.ts";

/** How a change ended. */
export interface ChangeResult {
  readonly outcome: Outcome;
  /** Generation that runs now. */
  readonly current: number | undefined;
  readonly reason: string | undefined;
  readonly problems: readonly Problem[];
  /** What is not as it was before, though it was taken back. */
  readonly missing: readonly Problem[];
}

const eventsKept = 100;
/** For units to start where no generation of the application says how long that may take. */
const startMs = 300_000;

export interface Who {
  readonly by: string;
  readonly command: string;
}

/** Records that a change begins, with what is active and would be stopped by it. */
export async function beginChange(
  surroundings: Surroundings,
  application: Name,
  change: Pick<Change, "kind" | "from" | "to" | "transaction"> & Who,
): Promise<void> {
  const { store, clock } = surroundings;
  const record = store.record(application) ?? emptyRecord;
  const active = await activeUnits(surroundings, generationOf(surroundings, application, change.from));
  const isNew = change.to !== undefined && record.generations.every(({ number }) => number !== change.to);
  store.writeRecord(application, {
    ...record,
    change: { ...change, back: undefined, active, startedAt: clock.date() },
    generations: isNew ? [...record.generations, { number: change.to, state: "deploying" }] : record.generations,
  });
}

/**
 * Brings what is recorded to its end: forward, with health watched, and back when that does not come through and the policy of
 * what is deployed says so. A signal takes it back.
 */
export async function carryOut(
  surroundings: Surroundings,
  application: Name,
  signal?: AbortSignal,
): Promise<ChangeResult> {
  const change = requireChange(surroundings, application);
  const target = generationOf(surroundings, application, change.to);
  const { problems, reason } = await forward(surroundings, application, change, signal);
  if (reason === undefined)
    return conclude(surroundings, application, { outcome: "done", reason, problems, missing: [] });
  if (target?.policy.autoRevert === false && signal?.aborted !== true) {
    return conclude(surroundings, application, { outcome: "failed", reason, problems, missing: [] });
  }
  return takeBack(surroundings, application, reason, problems);
}

/** What a step came to: without a reason, the change goes on. */
export interface Forward {
  readonly problems: readonly Problem[];
  readonly reason: string | undefined;
}

async function forward(
  surroundings: Surroundings,
  application: Name,
  change: Change,
  signal: AbortSignal | undefined,
): Promise<Forward> {
  const { startedAt, ...switched } = await switchForward(surroundings, application, signal);
  if (switched.reason !== undefined || change.to === undefined) return switched;
  return watchForward(surroundings, application, startedAt, signal);
}

/** Has the host run what the recorded change leads to. @returns also when units were started, for the deadline of their health */
export async function switchForward(
  surroundings: Surroundings,
  application: Name,
  signal: AbortSignal | undefined,
): Promise<Forward & { readonly startedAt: number }> {
  const { target, change, startWithin } = targetOf(surroundings, application);
  const other = generationOf(surroundings, application, change.from);
  const own = new Set(other?.rendered.units.keys());
  const active = target === undefined ? [] : change.active.filter((name) => !own.has(name));
  const wanted = { target, other, active, startAll: true, startWithin, ...(signal === undefined ? {} : { signal }) };
  let startedAt = surroundings.clock.now();
  const attempted = await attempt(signal, async () => {
    putRoomAside(surroundings.store, application);
    const switched = await switchTo(surroundings, wanted);
    startedAt = switched.startedAt;
    return switched.problems;
  });
  return { ...attempted, startedAt };
}

/** Waits until what the host was switched to has been healthy for long enough. */
export function watchForward(
  surroundings: Surroundings,
  application: Name,
  startedAt: number,
  signal: AbortSignal | undefined,
): Promise<Forward> {
  const { target, startWithin } = targetOf(surroundings, application);
  return attempt(signal, async () =>
    target === undefined
      ? []
      : watchHealth(surroundings, target.rendered, target.policy, startedAt + startWithin, signal),
  );
}

function targetOf(surroundings: Surroundings, application: Name) {
  const change = requireChange(surroundings, application);
  const target = generationOf(surroundings, application, change.to);
  return { change, target, startWithin: target?.policy.healthyDeadline ?? startMs };
}

async function attempt(signal: AbortSignal | undefined, work: () => Promise<readonly Problem[]>): Promise<Forward> {
  try {
    const problems = await work();
    signal?.throwIfAborted();
    return outcomeOf(problems);
  } catch (error) {
    if (signal?.aborted === true) return { problems: [], reason: "it was interrupted" };
    // What the service manager, the engine or a disk refuses ends the deployment, not this program.
    if (error instanceof AtomicError || isSystemError(error)) return { problems: [], reason: error.message };
    throw error;
  }
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && "errno" in error;

const outcomeOf = (problems: readonly Problem[]): Forward => ({
  problems,
  reason: problems.length === 0 ? undefined : reasonOf(problems),
});

/** Goes back to what was before; everything that was active then is active again, also what systemd stopped along. */
export async function takeBack(
  surroundings: Surroundings,
  application: Name,
  reason: string,
  problems: readonly Problem[] = [],
): Promise<ChangeResult> {
  const { store } = surroundings;
  const change = requireChange(surroundings, application);
  giveRoomBack(store, application);
  store.writeRecord(application, { ...store.requireRecord(application), change: { ...change, back: reason } });
  const target = generationOf(surroundings, application, change.from);
  const other = generationOf(surroundings, application, change.to);
  const missing = await switchBack(surroundings, target, other, change.active);
  const outcome = missing.length === 0 ? "taken-back" : "failed";
  return conclude(surroundings, application, { outcome, reason, problems, missing });
}

/** Unlike forward, only what was active is started. */
async function switchBack(
  surroundings: Surroundings,
  target: Generation | undefined,
  other: Generation | undefined,
  active: readonly string[],
): Promise<readonly Problem[]> {
  const ghosts = new Set(other?.rendered.units.keys());
  const wanted = active.filter((name) => target?.rendered.units.has(name) === true || !ghosts.has(name));
  const startWithin = target?.policy.healthyDeadline ?? startMs;
  return (await switchTo(surroundings, { target, other, active: wanted, startAll: false, startWithin })).problems;
}

export const comeThrough = { outcome: "done", reason: undefined, problems: [], missing: [] } as const;

/** Records how the change ended and tells the journal. */
export async function conclude(
  surroundings: Surroundings,
  application: Name,
  result: Omit<ChangeResult, "current">,
): Promise<ChangeResult> {
  const { store, clock, journal } = surroundings;
  giveRoomBack(store, application);
  const record = store.requireRecord(application);
  const change = record.change!;
  const { outcome, reason } = result;
  const isBack = change.back !== undefined;
  const current = isBack ? change.from : change.to;
  const event = { ...eventOf(change), at: clock.date(), outcome, reason };
  const next: ApplicationRecord = {
    current,
    change: undefined,
    hosts: isBack ? record.hosts : hostsAfter(surroundings, application, record, result),
    generations: record.generations.map((one) => ({ ...one, state: stateAfter(one, change, outcome, isBack) })),
    events: [...record.events, event].slice(-eventsKept),
  };
  const tenant = generationOf({ store }, application, change.to ?? change.from)?.rendered.tenant;
  if (change.kind === "delete" && !isBack) store.remove(application);
  else store.writeRecord(application, withoutIdleWaiting(next));
  await journal.write(journalEntry(application, tenant, event, current));
  return { ...result, current };
}

/** What goes with which host once a generation has been brought into place on the one that runs. */
function hostsAfter(
  surroundings: Surroundings,
  application: Name,
  { hosts, change }: ApplicationRecord,
  { outcome, reason }: Pick<ChangeResult, "outcome" | "reason">,
): HostBindings | undefined {
  const generation = generationOf(surroundings, application, change!.to);
  const host = surroundings.host?.booted;
  const isGiven = generation?.withHost === true;
  // A file that no longer says so lets the application go its own way.
  if (generation === undefined || (!isGiven && change!.kind === "deploy") || (!isGiven && hosts === undefined))
    return undefined;
  if (host === undefined) return hosts;
  const binding = { host, generation: generation.number, proven: outcome === "done", failure: reason };
  // Newer images and variables of what runs are not instead of what waits; what somebody deploys or goes back to is.
  const waiting = change!.kind === "update" || change!.kind === "env" ? hosts?.waiting : undefined;
  return { ...bind(hosts ?? noBindings, binding), waiting };
}

/** What waited, and does no more. */
function withoutIdleWaiting(record: ApplicationRecord): ApplicationRecord {
  const generations = record.generations.map((one) =>
    one.state === "waiting" && one.number !== record.hosts?.waiting?.generation
      ? { ...one, state: "replaced" as const }
      : one,
  );
  return { ...record, generations };
}

function eventOf({ kind, from, to, by, command, transaction }: Change) {
  return { kind, from, to, by, command, ...(transaction === undefined ? {} : { transaction: transaction.id }) };
}

function stateAfter(
  { number, state }: { readonly number: number; readonly state: GenerationState },
  { kind, from, to }: Change,
  outcome: Outcome,
  isBack: boolean,
): GenerationState {
  if (number === to) return !isBack && outcome === "done" ? "running" : "failed";
  if (number !== from) return state;
  if (isBack) return "running";
  return kind === "rollback" ? "rolled-back" : "replaced";
}

/** Of all entries about changes of applications: `journalctl MESSAGE_ID=...`. */
const messageId = "ffdb191c0f6dc8bd26008a9a629892cb";

export function journalEntry(
  application: Name,
  tenant: Name | undefined,
  event: ApplicationRecord["events"][number],
  current: number | undefined,
): Record<string, string | number> {
  const { kind, from, to, outcome, reason, by, command } = event;
  const numbers = `${from ?? "none"} to ${to ?? "none"}`;
  const ended = { done: "done", "taken-back": "taken back", failed: "failed" }[outcome];
  return {
    MESSAGE_ID: messageId,
    MESSAGE: `${application}: ${kind} of generation ${numbers} ${ended}${reason === undefined ? "" : `: ${reason}`}`,
    // syslog's notice and error.
    PRIORITY: outcome === "done" ? 5 : 3,
    SYSLOG_IDENTIFIER: "atomic",
    ATOMIC_APP: application,
    ...(tenant === undefined ? {} : { ATOMIC_TENANT: tenant }),
    ATOMIC_GENERATION: current ?? "",
    ATOMIC_CHANGE: kind,
    ATOMIC_OUTCOME: outcome,
    ATOMIC_REASON: reason ?? "",
    AGENT: by,
    COMMAND_LINE: command,
  };
}

/** Units of a generation that are active, and those of others that are and would stop with them, and so on. */
async function activeUnits({ services }: Surroundings, generation: Generation | undefined): Promise<string[]> {
  const own = generation?.rendered.units ?? new Map<string, string>();
  const isWanted = ({ name, activeState }: UnitSummary) =>
    isUp(activeState) && !(activeState === "activating" && isTask(own.get(name)));
  const seen = new Set<string>();
  const found: string[] = [];
  // What is not up stops nobody; asked about, it would be read from its file, with the whole application, each time.
  let level: readonly UnitSummary[] = (await services.summaries([...own.keys()])).filter(({ activeState }) =>
    isUp(activeState),
  );
  while (level.length > 0) {
    for (const { name } of level) seen.add(name);
    const fragments = await services.fragments(level.map(({ name }) => name));
    const lasting = level.filter((_, index) => isLasting(fragments[index]));
    found.push(...lasting.filter(isWanted).map(({ name }) => name));
    const dependants = (await Promise.all(lasting.map(({ name }) => services.dependants(name)))).flat();
    level = await services.summaries([...new Set(dependants)].filter((name) => !seen.has(name)));
  }
  return found;
}

const isUp = (state: ActiveState) => state === "active" || state === "activating" || state === "reloading";

/** Whether it can be started again: not a scope of processes that Docker made, or what `systemd-run` did. */
const isLasting = (fragment: string | undefined) =>
  fragment !== undefined && !fragment.startsWith("/run/systemd/transient/");

/** A task that is under way is not waited for: it may be that which makes the change (an update by a timer). */
const isTask = (text: string | undefined) => /^Type=oneshot$/m.test(text ?? "");

export const emptyRecord: ApplicationRecord = {
  current: undefined,
  change: undefined,
  hosts: undefined,
  generations: [],
  events: [],
};

export function requireChange({ store }: Pick<Surroundings, "store">, application: Name): Change {
  const { change } = store.requireRecord(application);
  if (change === undefined) throw new Error(`no change of ${application} is recorded`);
  return change;
}

export function generationOf(
  { store }: Pick<Surroundings, "store">,
  application: Name,
  number: number | undefined,
): Generation | undefined {
  return number === undefined ? undefined : store.generation(application, number);
}
