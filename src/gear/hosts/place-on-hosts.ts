// SPDX-License-Identifier: Apache-2.0
import type { EngineKind } from "../engine/model.ts";
import type { Pins, Rendered } from "../generation/model.ts";
import type { PlacedInstance, Plan } from "../plan/index.ts";
import { placedInstances, plan } from "../plan/index.ts";
import type { Deployment } from "../read/index.ts";
import { render } from "../unit/index.ts";
import type { HostFacts } from "./requests.ts";

/** What each host runs of an application. */
export interface HostsPlacement {
  /** Names of hosts that are switched one after the other; those of one step at the same time. */
  readonly steps: readonly (readonly string[])[];
  placedOn(host: string): readonly PlacedInstance[];
  render(host: string, pins: Pins): Rendered;
}

/** Instances that are on one of the hosts stay there, with their ports; links to others lead to the ports of their hosts. */
export function placeOnHosts(
  { application, previous = [], naming }: Deployment,
  engine: EngineKind,
  facts: ReadonlyMap<string, HostFacts>,
): HostsPlacement {
  const running = [...facts].flatMap(([host, known]) => ownInstances(host, known));
  const made = plan(application, [...facts.keys()], {
    previous: running.length > 0 ? running : previous,
    portsInUse: [...facts].flatMap(([host, { portsInUse }]) => portsInUse.map((used) => ({ ...used, host }))),
    ...(naming === undefined ? {} : { naming }),
  });
  const reachable = withAddresses(made, facts);
  return {
    steps: switchSteps(made, [...facts.keys()]),
    placedOn: (host) => placedInstances(made).filter((instance) => instance.host === host),
    render: (host, pins) => render(reachable, host, { engine, pins, tenant: facts.get(host)?.tenant }),
  };
}

/** Under the name that the host has now: it may have been deployed to by another. */
function ownInstances(host: string, { placed, calledThen }: HostFacts): PlacedInstance[] {
  return placed.filter((instance) => instance.host === calledThen).map((instance) => ({ ...instance, host }));
}

/** What ssh knows a host by (an alias, a jump) need not be a name to its neighbours. */
function withAddresses(made: Plan, facts: ReadonlyMap<string, HostFacts>): Plan {
  const instances = made.instances.map((instance) => ({
    ...instance,
    links: instance.links.map((link) => {
      const address = link.to.host === instance.host ? undefined : facts.get(link.to.host)?.address;
      return address === undefined ? link : { ...link, to: { ...link.to, host: address } };
    }),
  }));
  return { ...made, instances };
}

/** A host comes after those that its containers need or link to; those that need each other come at the same time. */
export function switchSteps({ instances }: Plan, hosts: readonly string[]): string[][] {
  const before = new Map(hosts.map((host) => [host, new Set<string>()]));
  for (const { host, container, links } of instances) {
    const needed = container.after.map(({ on }) => on);
    for (const other of instances) if (needed.includes(other.from)) before.get(host)?.add(other.host);
    for (const { to } of links) before.get(host)?.add(to.host);
  }
  const steps: string[][] = [];
  let left = [...hosts];
  while (left.length > 0) {
    const free = left.filter((host) => left.every((other) => other === host || !before.get(host)!.has(other)));
    const step = free.length > 0 ? free : left;
    steps.push(step);
    left = left.filter((host) => !step.includes(host));
  }
  return steps;
}
