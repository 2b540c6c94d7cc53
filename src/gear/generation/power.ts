// SPDX-License-Identifier: Apache-2.0
/** Starting and stopping what is deployed, as systemctl does: what is enabled starts with the host all the same. */
import { gearError } from "../errors.ts";
import type { Name } from "../name.ts";
import { currentGeneration } from "./deploy.ts";
import { withApplication } from "./locked.ts";
import type { Rendered } from "./model.ts";
import { orderUnits } from "./order.ts";
import type { Problem } from "./problem.ts";
import type { Surroundings } from "./surroundings.ts";
import { jobProblems, startUnits } from "./switch-to.ts";

export interface PowerRequest {
  readonly verb: "start" | "stop" | "restart";
  readonly application: Name;
  /** Ids of instances; empty is the whole application. */
  readonly instances: readonly string[];
}

export interface PowerReport {
  readonly application: Name;
  readonly verb: PowerRequest["verb"];
  /** In the order that they were asked for. */
  readonly units: readonly string[];
  readonly problems: readonly Problem[];
}

/** Waits for all jobs to end. */
export async function power(surroundings: Surroundings, request: PowerRequest): Promise<PowerReport> {
  const { application, verb } = request;
  const { store, services, journal } = surroundings;
  store.requireRecord(application);
  return withApplication(surroundings, application, async () => {
    const current = currentGeneration(surroundings, application);
    if (current === undefined) throw gearError("no-generation", `nothing of ${application} is deployed`);
    const { rendered, policy } = current;
    const order = orderUnits(unitsOf(rendered, request), rendered.units);
    const units = verb === "stop" ? order.toReversed() : order;
    if (verb === "start") {
      const problems = await startUnits(surroundings, units, policy.healthyDeadline);
      return { application, verb, units, problems };
    }
    const outcomes = await Promise.all(units.map((unit) => services[verb](unit)));
    return { application, verb, units, problems: await jobProblems(journal, outcomes) };
  });
}

/** A whole application is stopped with all of its units, also those that others brought up; it starts by those that are enabled. */
function unitsOf({ units, start, instances }: Rendered, { verb, instances: wanted }: PowerRequest): readonly string[] {
  if (wanted.length === 0) return verb === "stop" ? [...units.keys()] : start;
  return wanted.map((id) => {
    const found = instances.find((instance) => instance.id === id);
    if (found !== undefined) return found.unit;
    throw gearError("no-application", `there is no instance ${id}`, {
      hint: `there are: ${instances.map((instance) => instance.id).join(", ")}`,
    });
  });
}
