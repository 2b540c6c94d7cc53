// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { PlacedContainer } from "./choose-instances.ts";
import type { AllocatedPort, Instance, InstanceId, PlannedLink } from "./model.ts";
import type { ContainerLink } from "./order-links.ts";

/** A link of 1000 instances to 1000 others with 100 ports would be 10^8. */
const mostLinks = 100_000;

/** For each instance, the ports of its container that instances on other hosts link to. */
export function portsForOtherHosts(
  placed: readonly PlacedContainer[],
  links: readonly ContainerLink[],
): ReadonlyMap<InstanceId, ReadonlySet<number>> {
  const wanted = new Map<InstanceId, Set<number>>(placed.map(({ id }) => [id, new Set()]));
  for (const { source, target, ports } of links) {
    const from = new Set(placed.filter(({ container }) => container === source).map(({ host }) => host));
    for (const { id, container, host } of placed) {
      if (container !== target || from.size === 0 || (from.size === 1 && from.has(host))) continue;
      for (const port of ports) wanted.get(id)?.add(port.target);
    }
  }
  return wanted;
}

/** Every link leads from every instance of its source to every instance of its target (geard's `appendLinks`). */
export function expandLinks(instances: readonly Instance[], links: readonly ContainerLink[]): Instance[] {
  const planned = new Map<InstanceId, PlannedLink[]>(instances.map(({ id }) => [id, []]));
  const of = (container: Instance["container"]) => instances.filter((one) => one.container === container);
  let sum = 0;
  for (const link of links) {
    for (const source of of(link.source)) {
      const found = of(link.target).flatMap((target) => linksBetween(source, target, link));
      sum += found.length;
      if (sum > mostLinks)
        throw gearError("too-large", `the links lead to more than ${mostLinks} ports of instances`);
      planned.get(source.id)?.push(...found);
    }
  }
  return instances.map((one) => ({ ...one, links: withoutRepeats(planned.get(one.id) ?? []) }));
}

function linksBetween(source: Instance, target: Instance, { ports }: ContainerLink): PlannedLink[] {
  return ports.flatMap(({ target: number }) => {
    const exposed = target.ports.filter(({ container }) => container === number);
    const protocols = [...new Set(exposed.map(({ protocol }) => protocol))];
    return protocols.map((protocol) => {
      const same = exposed.filter((port) => port.protocol === protocol);
      return linkTo(source, target, source.host === target.host ? same[0] : reachable(source, target, same));
    });
  });
}

function linkTo(source: Instance, target: Instance, port: AllocatedPort | undefined): PlannedLink {
  if (port?.shared === undefined) throw new Error(`${target.id} has no endpoint for a link of ${source.id}`);
  const { protocol, shared, container, host } = port;
  return {
    from: shared,
    protocol,
    to: { instance: target.id, containerPort: container, host: target.host, port: host },
  };
}

function reachable(source: Instance, target: Instance, ports: readonly AllocatedPort[]): AllocatedPort {
  const found = ports.find(({ address }) => address === undefined || !/^(127\.|\[?::1\]?$|localhost$)/.test(address));
  if (found) return found;
  const [port] = ports;
  throw gearError(
    "bad-link",
    `port ${port?.container} of ${target.id} is published on ${port?.address} only, and ${source.id} on ${source.host} links to it`,
  );
}

function withoutRepeats(links: readonly PlannedLink[]): PlannedLink[] {
  return [...new Map(links.map((link) => [JSON.stringify(link), link])).values()];
}
