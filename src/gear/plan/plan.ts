// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { Application } from "../model.ts";
import { allocateHostPorts, type ExposedInstance, type UsedPort } from "./allocate-host-ports.ts";
import { chooseInstances, type InstanceNaming } from "./choose-instances.ts";
import { expandLinks, portsForOtherHosts } from "./expand-links.ts";
import type { Instance, PlacedInstance, Plan } from "./model.ts";
import { exposedPorts, orderLinks } from "./order-links.ts";
import { shareEndpoints } from "./share-endpoints.ts";

export interface PlanOptions {
  /** Instances of the plan before; what they keep is their id, host and ports. */
  readonly previous?: readonly PlacedInstance[];
  /** Ports of hosts that somebody listens on or holds. Those of `previous` may be among them: they do not count. */
  readonly portsInUse?: readonly UsedPort[];
  readonly naming?: InstanceNaming;
}

const defaultNaming: InstanceNaming = { prefix: "", numbered: "several", random: undefined };

/**
 * Places an application on hosts, as geard's `Deployment.Describe`: instances that are there stay where they are, others are
 * added in the order of the file and go round the hosts, the last ones are removed; then ports and links get their numbers.
 * A plan that is the `previous` of its own application is given again.
 * @param hosts names; none is `localhost`. Instances on hosts that are not named are removed
 * @throws gear-no-host, gear-cannot-link, gear-port-conflict, gear-bad-name, gear-too-large
 */
export function plan(application: Application, hosts: readonly string[], options: PlanOptions = {}): Plan {
  const { previous = [], portsInUse = [], naming = defaultNaming } = options;
  const choice = chooseInstances(application, previous, namedHosts(hosts), naming);
  const links = orderLinks(application.containers);
  const ports = exposedPorts(application.containers, links);
  const placed = choice.placed.map((one): ExposedInstance => ({ ...one, ports: ports.get(one.container) ?? [] }));
  const shared = shareEndpoints(placed, links);
  const hostPorts = allocateHostPorts(placed, portsForOtherHosts(placed, links), previous, portsInUse);
  const numbered = placed.map((one) => withPorts(one, hostPorts.get(one.id) ?? [], shared.get(one.id)));
  return { application, instances: expandLinks(numbered, links), removed: choice.removed };
}

/** What of a plan the next one needs. */
export function placedInstances({ instances }: Plan): PlacedInstance[] {
  return instances.map(({ id, from, host, ports }) => ({ id, from, host, ports }));
}

function namedHosts(hosts: readonly string[]): readonly string[] {
  const twice = hosts.find((host, index) => hosts.indexOf(host) !== index);
  if (twice !== undefined) throw gearError("no-host", `host ${JSON.stringify(twice)} is named twice`);
  return hosts.length === 0 ? ["localhost"] : hosts;
}

function withPorts(
  { id, container, host, kept, ports: exposed }: ExposedInstance,
  hostPorts: readonly (number | undefined)[],
  shared: ReadonlyMap<number, Instance["ports"][number]["shared"]> | undefined,
): Instance {
  const ports = exposed.map((port, index) => ({
    container: port.container,
    host: hostPorts[index],
    address: port.address,
    protocol: port.protocol,
    shared: shared?.get(port.container),
  }));
  return { id, from: container.name, host, ports, container, links: [], added: kept === undefined };
}
