// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { PlacedContainer } from "./choose-instances.ts";
import type { AllocatedPort, Instance, InstanceId, PlannedLink } from "./model.ts";
import type { ContainerLink } from "./order-links.ts";

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
  for (const link of links) {
    for (const source of of(link.source)) {
      for (const target of of(link.target)) planned.get(source.id)?.push(...linksBetween(source, target, link));
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
    "cannot-link",
    `port ${port?.container} of ${target.id} is published on ${port?.address} only, and ${source.id} on ${source.host} links to it`,
  );
}

function withoutRepeats(links: readonly PlannedLink[]): PlannedLink[] {
  return [...new Map(links.map((link) => [JSON.stringify(link), link])).values()];
}
