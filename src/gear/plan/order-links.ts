// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { Container, Link, LinkPort, Port } from "../model.ts";

/** A link with its ends looked up and its ports named. */
export interface ContainerLink {
  readonly source: Container;
  readonly target: Container;
  readonly link: Link;
  /** Never empty. */
  readonly ports: readonly LinkPort[];
}

/** A link of 1000 instances to 1000 others with 100 ports would be 10^8. */
const mostLinks = 100_000;

/** geard's `OrderLinks`: the links that ask for most come first, since they have the first choice of addresses. */
export function orderLinks(containers: readonly Container[]): ContainerLink[] {
  const byName = new Map(containers.map((container) => [container.name, container]));
  const links = containers.flatMap((source) => source.links.map((link) => resolve(source, link, byName.get(link.to))));
  const sum = links.reduce((all, { source, target, ports }) => all + source.count * target.count * ports.length, 0);
  if (sum > mostLinks)
    throw gearError("too-large", `${sum} links between instances are asked for; ${mostLinks} is the most`);
  return links.toSorted((one, other) => priority(other) - priority(one));
}

function resolve(source: Container, link: Link, target: Container | undefined): ContainerLink {
  if (target === undefined) throw gearError("cannot-link", `target ${link.to} not found for source ${source.name}`);
  if (target.ports.length === 0 && link.ports.length === 0) {
    throw gearError("cannot-link", `target ${target.name} has no public ports to link to from ${source.name}`);
  }
  const every = [...new Set(target.ports.map((port) => port.container))];
  const ports = link.ports.length > 0 ? link.ports : every.map((port) => ({ target: port, local: undefined }));
  return { source, target, link, ports };
}

/** geard's `priority`. */
function priority({ link, source, target }: ContainerLink): number {
  return (link.matchPort ? 4 : 0) + (link.nonLocal ? 2 : 0) + (source === target ? 1 : 0);
}

/** Ports of each container: those that it lists, and those that a link names besides. */
export function exposedPorts(
  containers: readonly Container[],
  links: readonly ContainerLink[],
): ReadonlyMap<Container, readonly Port[]> {
  return new Map(
    containers.map((container) => {
      const listed = container.ports.map((port) => port.container);
      const named = links.filter(({ target }) => target === container).flatMap(({ ports }) => ports);
      const others = new Set(named.map(({ target }) => target)).difference(new Set(listed));
      return [container, [...container.ports, ...[...others].map(unpublished)]];
    }),
  );
}

function unpublished(container: number): Port {
  return { container, host: undefined, address: undefined, protocol: "tcp" };
}
