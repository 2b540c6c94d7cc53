// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { Application, Container } from "../model.ts";
import { type Name, parseName } from "../name.ts";
import type { InstanceId, PlacedInstance } from "./model.ts";

/** An instance that has a host, and no ports yet. */
export interface PlacedContainer {
  readonly id: InstanceId;
  readonly container: Container;
  readonly host: string;
  /** As it was in the plan before; undefined for one that is added. */
  readonly kept: PlacedInstance | undefined;
}

export interface InstanceNaming {
  /** What every id begins with. */
  readonly prefix: string;
  /** Whether the only instance of a container is called NAME-1, as geard calls it, or NAME. */
  readonly numbered: "always" | "several";
  /** Makes the part of an id after the prefix instead of the container's name and a number. */
  readonly random: (() => string) | undefined;
}

export interface InstanceChoice {
  /** In the order of their containers; those that were there come first in each. */
  readonly placed: readonly PlacedContainer[];
  readonly removed: readonly PlacedInstance[];
}

/** Links are as many as the square of the instances: a count of a million would fill the memory. */
const mostInstances = 1000;

/** Which instances stay, which go, and where those that are added run. */
export function chooseInstances(
  { containers }: Application,
  previous: readonly PlacedInstance[],
  hosts: readonly string[],
  naming: InstanceNaming,
): InstanceChoice {
  const wanted = containers.reduce((sum, { count }) => sum + count, 0);
  if (wanted > mostInstances)
    throw gearError("too-large", `${wanted} instances are asked for; ${mostInstances} is the most`);
  const { kept, removed } = keepInstances(containers, previous, hosts);
  const ids = new Set([...kept.values()].flat().map(({ id }) => id));
  const nextHost = roundRobin(hosts);
  const placed = containers.flatMap((container) => {
    const instances: PlacedContainer[] = (kept.get(container.name) ?? []).map((one) => ({
      id: one.id,
      container,
      host: one.host,
      kept: one,
    }));
    while (instances.length < container.count) {
      const id = nextId(container, instances, ids, naming);
      ids.add(id);
      const host = nextHost(
        id,
        container,
        instances.map((one) => one.host),
      );
      instances.push({ id, container, host, kept: undefined });
    }
    return instances;
  });
  return { placed, removed };
}

/** In geard's order: those of hosts and containers that are gone first, then what is too many of each container. */
function keepInstances(
  containers: readonly Container[],
  previous: readonly PlacedInstance[],
  hosts: readonly string[],
): { kept: Map<Name, PlacedInstance[]>; removed: PlacedInstance[] } {
  const kept = new Map<Name, PlacedInstance[]>(containers.map(({ name }) => [name, []]));
  const byName = new Map(containers.map((container) => [container.name, container]));
  const removed: PlacedInstance[] = [];
  const ids = new Set<InstanceId>();
  for (const instance of previous) {
    const container = byName.get(instance.from);
    const others = kept.get(instance.from) ?? [];
    const stays =
      container !== undefined &&
      candidates(container, hosts, others.map(hostOf)).includes(instance.host) &&
      !ids.has(instance.id);
    ids.add(instance.id);
    (stays ? others : removed).push(instance);
  }
  for (const { name, count } of containers) removed.push(...(kept.get(name) ?? []).splice(count));
  return { kept, removed };
}

function hostOf({ host }: { readonly host: string }): string {
  return host;
}

/** Hosts that one more instance of it may run on. */
function candidates(container: Container, hosts: readonly string[], taken: readonly string[]): readonly string[] {
  const { placement } = container;
  const allowed = placement.hosts.length === 0 ? hosts : hosts.filter((host) => placement.hosts.includes(host));
  return isAlone(container) ? allowed.filter((host) => !taken.includes(host)) : allowed;
}

/** A port of the host with a number of its own can be had once on each host, which is the same as being spread. */
function isAlone({ placement, ports }: Container): boolean {
  return placement.spread || ports.some(({ host }) => host !== undefined && host > 0);
}

/** geard's `SimplePlacement`: the next host for each instance that is added, over all containers. */
function roundRobin(hosts: readonly string[]) {
  let next = 0;
  return (id: InstanceId, container: Container, taken: readonly string[]): string => {
    const possible = new Set(candidates(container, hosts, taken));
    for (let step = 0; step < hosts.length; step++) {
      const at = (next + step) % hosts.length;
      const host = hosts[at];
      if (host === undefined || !possible.has(host)) continue;
      next = at + 1;
      return host;
    }
    throw noHost(id, container, hosts);
  };
}

function noHost(id: InstanceId, container: Container, hosts: readonly string[]): Error {
  const { placement, count } = container;
  const among = placement.hosts.length === 0 ? hosts : placement.hosts;
  const fixed = container.ports.find(({ host }) => host !== undefined && host > 0)?.host;
  const reason = placement.spread
    ? `each of its ${count} instances needs a host of its own`
    : fixed !== undefined && count > 1
      ? `each of its ${count} instances needs port ${fixed} of a host of its own`
      : `it may run on ${among.join(", ")}`;
  return gearError("no-host", `${id} is not assigned to a host: ${reason}`, {
    hint: `the hosts of this deployment are ${hosts.join(", ")}`,
  });
}

function nextId(
  container: Container,
  siblings: readonly PlacedContainer[],
  taken: ReadonlySet<InstanceId>,
  { prefix, numbered, random }: InstanceNaming,
): InstanceId {
  const what = `an instance of ${container.name}`;
  if (random) return parseName(prefix + random(), what);
  const base = prefix + container.name;
  const own = new Set<string>(siblings.map(({ id }) => id));
  let number = 1;
  // Whoever is called NAME alone stands for the first.
  while (own.has(`${base}-${number}`) || (number === 1 && own.has(base))) number++;
  const id = parseName(numbered === "several" && container.count === 1 ? base : `${base}-${number}`, what);
  if (!taken.has(id)) return id;
  throw gearError("bad-name", `instances of two containers would be called ${id}`, {
    hint: `give container ${container.name} another name`,
  });
}
