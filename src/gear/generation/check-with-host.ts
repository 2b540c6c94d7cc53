// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import { satisfiesHostVersion } from "../host-version.ts";
import type { Name } from "../name.ts";
import { journalEntry, type Who } from "./change.ts";
import { bind, bindingOf, hostText } from "./host-binding.ts";
import { withApplication } from "./locked.ts";
import type { ApplicationEvent, ApplicationRecord, Generation, HostBinding, HostDeployment } from "./model.ts";
import { reasonOf } from "./problem.ts";
import type { Surroundings } from "./surroundings.ts";
import { watchHealth } from "./watch-health.ts";

export interface HostCheck {
  readonly application: Name;
  readonly generation: number;
  /** Undefined: all is well. */
  readonly problem: string | undefined;
}

/**
 * Whether an application that goes with the host is healthy on the deployment that runs. It is watched as after a deployment, until
 * it has been healthy there once.
 * @returns undefined where it does not go with the host, or somebody is changing it, who watches it then
 */
export async function checkWithHost(
  surroundings: Surroundings,
  { application, by, command }: Who & { readonly application: Name },
): Promise<HostCheck | undefined> {
  const { store, host } = surroundings;
  const booted = host?.booted;
  if (booted === undefined || store.record(application)?.hosts === undefined) return undefined;
  try {
    return await withApplication(surroundings, application, async () => {
      const record = store.requireRecord(application);
      if (record.hosts === undefined || record.current === undefined) return undefined;
      const generation = store.generation(application, record.current);
      const { number } = generation;
      const known = bindingOf(record.hosts, booted);
      if (known?.proven === true && known.generation === number)
        return { application, generation: number, problem: undefined };
      const problem = unfit(generation, booted) ?? (await unhealthy(surroundings, generation));
      const binding = { host: booted, generation: number, proven: problem === undefined, failure: problem };
      await conclude(surroundings, application, binding, { by, command });
      return { application, generation: number, problem };
    });
  } catch (error) {
    if (gearError.is(error, "busy")) return undefined;
    throw error;
  }
}

function unfit({ hostVersion, number }: Generation, booted: HostDeployment): string | undefined {
  if (hostVersion === undefined || satisfiesHostVersion(hostVersion, booted.version)) return undefined;
  return `generation ${number} is for a host of version ${hostVersion}, and this is ${hostText(booted)}`;
}

async function unhealthy(surroundings: Surroundings, { rendered, policy }: Generation): Promise<string | undefined> {
  const deadline = surroundings.clock.now() + policy.healthyDeadline;
  const problems = await watchHealth(surroundings, rendered, policy, deadline);
  return problems.length === 0 ? undefined : reasonOf(problems);
}

/** What failed is known as such, so that nothing brings it back; on the same host it may prove itself at the next boot. */
async function conclude(
  { store, clock, journal }: Surroundings,
  application: Name,
  binding: HostBinding,
  who: Who,
): Promise<void> {
  const record = store.requireRecord(application);
  const { generation, failure, host } = binding;
  const state = failure === undefined ? ("running" as const) : ("failed" as const);
  const next: ApplicationRecord = {
    ...record,
    hosts: bind(record.hosts!, binding),
    generations: record.generations.map((one) => (one.number === generation ? { ...one, state } : one)),
  };
  if (failure === undefined) return store.writeRecord(application, next);
  const change = { kind: "follow-host", from: record.current, to: generation, ...who } as const;
  const reason = `with the host ${hostText(host)}: ${failure}`;
  const event: ApplicationEvent = { ...change, at: clock.date(), outcome: "failed", reason };
  const { tenant } = store.generation(application, generation).rendered;
  store.writeRecord(application, { ...next, events: [...next.events, event] });
  await journal.write(journalEntry(application, tenant, event, generation));
}
