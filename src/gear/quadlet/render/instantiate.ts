// SPDX-License-Identifier: Apache-2.0
import type { SystemdUnit } from "../../../formats/index.ts";
import type { QuadletService } from "../convert/index.ts";
import { installedInstance } from "../install.ts";
import { dependencyKeys } from "../service.ts";

export interface Instantiated {
  readonly services: readonly QuadletService[];
  /** Templates that nothing names an instance of. */
  readonly unused: readonly QuadletService[];
}

/**
 * Services without templates: of each there are the instances that DefaultInstance= or another service of the set names. So a
 * generation has all that runs of it, and systemd, which loads `a@b.service` before `a@.service`, reads the same.
 */
export function instantiate(services: readonly QuadletService[]): Instantiated {
  const templates = new Map(services.filter(isTemplate).map((service) => [service.service, service]));
  const done = new Map<string, QuadletService>();
  const wanted = services.map((service) => installedInstance(service)).filter((name) => name !== undefined);
  const plain = new Map(services.filter((service) => !isTemplate(service)).map((one) => [one.service, one]));
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    const source = plain.get(name) ?? templates.get(templateOf(name));
    if (source === undefined || done.has(name)) continue;
    const unit = nameInstances(source.unit, instanceOf(name));
    done.set(name, { ...source, service: name, unit });
    for (const dependency of dependenciesOf(unit)) wanted.push(dependency);
  }
  const used = new Set([...done.keys()].map(templateOf));
  const inOrder = [...done.values()].toSorted((a, b) => (a.service < b.service ? -1 : 1));
  return { services: inOrder, unused: [...templates.values()].filter(({ service }) => !used.has(service)) };
}

/** Names of units in all keys of [Unit] that may have them. */
export const dependenciesOf = (unit: SystemdUnit, keys: readonly string[] = dependencyKeys): string[] =>
  keys.flatMap((key) => unit.getAll("Unit", key).flatMap((names) => names.split(/\s+/)));

const isTemplate = ({ service }: QuadletService): boolean => service.includes("@.");

const templateOf = (name: string): string => name.replace(/@[^@]+\.service$/, "@.service");

const instanceOf = (name: string): string | undefined => /@([^@]+)\.service$/.exec(name)?.[1];

/** As systemd does: `a@.service` named by an instance is that instance of it (unit_name_replace_instance). */
function nameInstances(unit: SystemdUnit, instance: string | undefined): SystemdUnit {
  if (instance === undefined) return unit;
  const named = unit.copy();
  for (const key of dependencyKeys) {
    const values = unit.getAll("Unit", key);
    if (!values.some((value) => value.includes("@."))) continue;
    named.remove("Unit", key);
    for (const value of values) named.add("Unit", key, value.replace(/@\.(?=service(?:\s|$))/g, `@${instance}.`));
  }
  return named;
}
