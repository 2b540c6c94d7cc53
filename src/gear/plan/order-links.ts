// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { Container, Link, LinkPort } from "../model.ts";

/** A link with its ends looked up and its ports named. */
export interface ContainerLink {
  readonly source: Container;
  readonly target: Container;
  readonly link: Link;
  /** Never empty. */
  readonly ports: readonly LinkPort[];
}

/** geard's `OrderLinks`: the links that ask for most come first, since they have the first choice of addresses. */
export function orderLinks(containers: readonly Container[]): ContainerLink[] {
  const byName = new Map(containers.map((container) => [container.name, container]));
  return containers
    .flatMap((source) => source.links.map((link) => resolve(source, link, byName.get(link.to))))
    .toSorted((one, other) => priority(other) - priority(one));
}

function resolve(source: Container, link: Link, target: Container | undefined): ContainerLink {
  if (target === undefined) throw gearError("bad-link", `target ${link.to} not found for source ${source.name}`);
  if (target.ports.length === 0) {
    throw gearError("bad-link", `target ${target.name} has no public ports to link to from ${source.name}`);
  }
  const every = [...new Set(target.ports.map((port) => port.container))];
  const ports = link.ports.length > 0 ? link.ports : every.map((port) => ({ target: port, local: undefined }));
  const missing = ports.find((port) => !every.includes(port.target));
  if (missing === undefined) return { source, target, link, ports };
  throw gearError(
    "bad-link",
    `target port ${missing.target} on ${target.name} is not found, cannot link from ${source.name}`,
  );
}

/** geard's `priority`. */
function priority({ link, source, target }: ContainerLink): number {
  return (link.matchPort ? 4 : 0) + (link.nonLocal ? 2 : 0) + (source === target ? 1 : 0);
}
