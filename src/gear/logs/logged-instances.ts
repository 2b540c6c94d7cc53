// SPDX-License-Identifier: Apache-2.0
import type { Generation } from "../generation/model.ts";
import type { GenerationStore } from "../generation/store.ts";
import type { LoggedInstance } from "./model.ts";

/** Of all generations that are kept: one that was taken back has entries, too. */
export function loggedInstances(store: GenerationStore): LoggedInstance[] {
  const found = store.applications().flatMap((application) => {
    const numbers = store.record(application)?.generations.map(({ number }) => number) ?? [];
    return numbers.flatMap((number) => instancesOf(store.generation(application, number)));
  });
  return [...new Map(found.map((instance) => [JSON.stringify(instance), instance])).values()];
}

export function instancesOf({ rendered }: Pick<Generation, "rendered">): LoggedInstance[] {
  const { application, tenant, units, instances } = rendered;
  return instances.map(({ id, unit, container }) => {
    const component = componentOf(units.get(unit));
    return { application, tenant, component, id, unit, container };
  });
}

/** As its unit says it to the journal. */
const componentOf = (unit: string | undefined): string | undefined =>
  /^LogExtraFields="?ATOMIC_COMPONENT=([a-z0-9-]+)/m.exec(unit ?? "")?.[1];
