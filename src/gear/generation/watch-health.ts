// SPDX-License-Identifier: Apache-2.0
import type { UpdatePolicy } from "../model.ts";
import type { ServiceManager, UnitStatus } from "../systemd/model.ts";
import type { Rendered, RenderedInstance } from "./model.ts";
import { type Problem, printable, problemOf, stateText } from "./problem.ts";
import type { Surroundings } from "./surroundings.ts";

const pollMs = 500;

/** Without an engine, containers have no health: the units' state is all. */
type Watching = Pick<Surroundings, "services" | "clock" | "journal" | "progress"> &
  Partial<Pick<Surroundings, "engine">>;
type Watched = Pick<Rendered, "start" | "instances" | "units">;

/** One look at a unit. */
interface Look extends Pick<UnitStatus, "name" | "activeState" | "invocationId"> {
  /** Undefined: all is well. */
  readonly trouble: string | undefined;
  /** Waiting will not help. */
  readonly final: boolean;
  readonly log: readonly string[];
}

/**
 * Waits until every unit of `start` has been active, without a restart and with its containers healthy, for the whole of
 * `minHealthyTime`; a lapse begins it anew. It ends before its time where a unit has failed or goes on restarting, or a container
 * is unhealthy, which the engine says after as many failures as its check allows.
 * @param deadline of the surroundings' clock
 * @returns why it did not come to that; nothing when it did
 */
export async function watchHealth(
  surroundings: Watching,
  rendered: Watched,
  policy: UpdatePolicy,
  deadline: number,
  signal?: AbortSignal,
): Promise<readonly Problem[]> {
  const { clock, progress } = surroundings;
  const runs = new Runs();
  for (let since: number | undefined; ;) {
    signal?.throwIfAborted();
    const found = await lookAtAll(surroundings, rendered);
    const now = clock.now();
    const restarted = found.map((look) => runs.isNew(look)).includes(true);
    const looks = found.map((look) => runs.limit(look));
    const bad = looks.filter(({ trouble }) => trouble !== undefined);
    if (bad.some(({ final }) => final)) return problems(surroundings, bad);
    if (bad.length > 0) since = undefined;
    else if (since === undefined || restarted) since = now;
    if (since !== undefined && now - since >= policy.minHealthyTime) return [];
    if (now >= deadline) return bad.length > 0 ? problems(surroundings, bad) : lateRestarts(surroundings, looks);
    progress(steps(looks, bad, since === undefined ? 0 : now - since, policy.minHealthyTime));
    await clock.sleep(Math.max(1, Math.min(pollMs, deadline - now)), signal);
  }
}

/** A program that waits for another one may fall over once or twice until that is up; one that falls over again will go on so. */
const mostRestarts = 3;

/** Which run of each unit was seen last, and how many of it there were. */
class Runs {
  readonly #seen = new Map<string, { readonly run: string; readonly restarts: number }>();

  /** Whether the unit was started anew since it was last seen to run; the first time it was not. */
  isNew({ name, invocationId, activeState }: Look): boolean {
    if (invocationId === undefined || activeState !== "active") return false;
    const last = this.#seen.get(name);
    const changed = last !== undefined && last.run !== invocationId;
    this.#seen.set(name, { run: invocationId, restarts: (last?.restarts ?? 0) + Number(changed) });
    return changed;
  }

  limit(look: Look): Look {
    const restarts = this.#seen.get(look.name)?.restarts ?? 0;
    if (restarts < mostRestarts) return look;
    return { ...look, trouble: look.trouble ?? `was restarted ${restarts} times`, final: true };
  }
}

/** Few calls for all: details are asked of what is not well. */
async function lookAtAll(surroundings: Watching, rendered: Watched): Promise<Look[]> {
  const { services } = surroundings;
  const names = rendered.start;
  const summaries = await services.summaries(names);
  const active = names.filter((_, index) => summaries[index]!.activeState === "active");
  const runs = new Map((await services.invocations(active)).map((run, index) => [active[index]!, run]));
  const sick = await notHealthy(surroundings, rendered);
  return Promise.all(
    names.map((name) => {
      if (!runs.has(name)) return lookAtInactive(services, rendered, name);
      const instances = rendered.instances.filter(({ unit, container }) => unit === name && sick.has(container));
      const look = { name, activeState: "active" as const, invocationId: runs.get(name) };
      return lookAtHealth(surroundings, look, instances);
    }),
  );
}

/** Containers with a check that does not say that they are healthy. */
async function notHealthy({ engine }: Watching, { instances }: Watched): Promise<ReadonlySet<string>> {
  const checked = new Set(instances.flatMap((one) => (one.hasHealthCheck ? [one.container] : [])));
  if (checked.size === 0 || engine === undefined) return new Set();
  const named = await Promise.all([engine.containersByHealth("starting"), engine.containersByHealth("unhealthy")]);
  return new Set(named.flat().filter((name) => checked.has(name)));
}

async function lookAtInactive(services: ServiceManager, rendered: Watched, unit: string): Promise<Look> {
  const status = await services.unit(unit);
  const { name, activeState, invocationId, subState } = status;
  const look = { name, activeState, invocationId, log: [] };
  // It may have become active just now: the next look tells.
  if (activeState === "active") return { ...look, trouble: "has just become active", final: false };
  if (isCompleted(status, rendered)) return { ...look, trouble: undefined, final: false };
  // Not what a unit is for a moment before Restart= takes over (`failed-before-auto-restart`).
  return { ...look, trouble: unsteady(status), final: subState === "failed" || subState === "dead" };
}

async function lookAtHealth(
  { engine }: Watching,
  look: Pick<Look, "name" | "activeState" | "invocationId">,
  sick: readonly RenderedInstance[],
): Promise<Look> {
  for (const { container } of sick) {
    const health = (await engine?.container(container))?.health;
    if (health === undefined || health.status === "healthy") continue;
    const log = health.log.slice(-1).flatMap(({ output }) => output.trim().split("\n").slice(-3).map(printable));
    const final = health.status === "unhealthy";
    const what = final ? `is unhealthy (${health.failures} failed checks)` : "is not healthy yet";
    return { ...look, trouble: what, final, log };
  }
  return { ...look, trouble: undefined, final: false, log: [] };
}

/** A task that runs to its end (Type=oneshot) and has come to a good one. */
function isCompleted({ name, subState, service }: UnitStatus, { units }: Watched): boolean {
  if (subState !== "dead" || service?.result !== "success") return false;
  return service.mainExit === "exited" && /^Type=oneshot$/m.test(units.get(name) ?? "");
}

function unsteady(status: UnitStatus): string {
  const restarts = status.service?.restarts ?? 0;
  return restarts === 0
    ? stateText(status)
    : `${stateText(status)} after ${restarts} restart${restarts === 1 ? "" : "s"}`;
}

function problems({ journal }: Watching, bad: readonly Look[]): Promise<Problem[]> {
  return Promise.all(
    bad.map(async (look) => {
      const problem = await problemOf(journal, look, look.trouble!);
      return look.log.length > 0 ? { ...problem, log: look.log } : problem;
    }),
  );
}

/** All are well at the deadline, but have not been for long enough. */
async function lateRestarts({ services, journal }: Watching, looks: readonly Look[]): Promise<Problem[]> {
  const usage = await services.usage(looks.map(({ name }) => name));
  const restless = looks.filter((_, index) => usage[index]!.restarts > 0);
  const named = restless.length > 0 ? restless : looks.slice(0, 1);
  return Promise.all(
    named.map((look) => problemOf(journal, look, "was not healthy for long enough before the deadline")),
  );
}

function steps(looks: readonly Look[], bad: readonly Look[], healthyMs: number, wantedMs: number) {
  const waiting = bad[0] === undefined ? "" : `${bad[0].name} ${bad[0].trouble!}`;
  const current = waiting === "" ? `all healthy for ${seconds(healthyMs)} of ${seconds(wantedMs)}` : waiting;
  return {
    type: "steps",
    task: "health",
    done: looks.length - bad.length,
    total: looks.length,
    unit: "units",
    current,
  } as const;
}

const seconds = (milliseconds: number) => `${Math.floor(milliseconds / 1000)}s`;
