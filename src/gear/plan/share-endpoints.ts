// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { LinkPort } from "../model.ts";
import type { PlacedContainer } from "./choose-instances.ts";
import type { Endpoint, InstanceId } from "./model.ts";
import type { ContainerLink } from "./order-links.ts";

/** For each instance, by port of its container: where links to it begin. */
export type SharedEndpoints = ReadonlyMap<InstanceId, ReadonlyMap<number, Endpoint>>;

/**
 * Gives every linked port of every instance one endpoint, which is the same in every container that links to it, so that the
 * members of a cluster know each other by the names that they tell their clients (geard's `reserve`).
 */
export function shareEndpoints(placed: readonly PlacedContainer[], links: readonly ContainerLink[]): SharedEndpoints {
  const table = new EndpointTable();
  const shared = new Map(placed.map((one) => [one.id, keptEndpoints(one, links, table)]));
  for (const { link, port, instance } of eachTarget(placed, links)) {
    const of = shared.get(instance.id);
    const there = of?.get(port.target);
    if (there === undefined) of?.set(port.target, table.reserve(link, port));
    else requireFit(there, link, port, instance.id);
  }
  return shared;
}

function* eachTarget(placed: readonly PlacedContainer[], links: readonly ContainerLink[]) {
  for (const link of links) {
    const instances = placed.filter(({ container }) => container === link.target);
    for (const port of link.ports) for (const instance of instances) yield { link, port, instance };
  }
}

/**
 * What the instance had, where the links of today could have led to it. What they could not have is given anew: geard asks for
 * a deployment from scratch ("needs to be reset").
 */
function keptEndpoints(
  { container, kept, id }: PlacedContainer,
  links: readonly ContainerLink[],
  table: EndpointTable,
): Map<number, Endpoint> {
  const endpoints = new Map<number, Endpoint>();
  for (const { container: number, shared } of kept?.ports ?? []) {
    if (shared === undefined || endpoints.has(number)) continue;
    const uses = links
      .filter(({ target }) => target === container)
      .flatMap((link) => link.ports.filter(({ target }) => target === number).map((port) => ({ link, port })));
    const [first] = uses;
    if (first === undefined || first.link.link.nonLocal !== !isLocal(shared)) continue;
    if (uses.some(({ link, port }) => misfit(shared, link, port) !== undefined)) continue;
    table.keep(shared, id);
    endpoints.set(number, shared);
  }
  return endpoints;
}

function requireFit(endpoint: Endpoint, link: ContainerLink, port: LinkPort, id: InstanceId): void {
  const fault = misfit(endpoint, link, port);
  if (fault === undefined) return;
  throw gearError(
    "cannot-link",
    `the link from ${link.source.name} to port ${port.target} of ${link.target.name} ${fault}`,
    {
      hint: `a port of an instance has one address in all containers: that of ${id} is ${endpoint.address}:${endpoint.port}, which a link that goes first asked for`,
    },
  );
}

function misfit(endpoint: Endpoint, { link }: ContainerLink, port: LinkPort): string | undefined {
  if (link.nonLocal && isLocal(endpoint)) return "is not local, but a local address is already bound to it";
  if (link.matchPort && endpoint.port !== port.target)
    return "matches the port, but another one is already bound to it";
  if (port.local !== undefined && endpoint.port !== port.local) {
    return `asks for port ${port.local}, but port ${endpoint.port} is already bound to it`;
  }
  return undefined;
}

function isLocal({ address }: Endpoint): boolean {
  return address.startsWith("127.");
}

/** geard's `InstancePortTable`: what is taken in the name space of all links of the application. */
class EndpointTable {
  readonly #taken = new Map<string, InstanceId | undefined>();
  /** By series: where a place that was found taken leads to, so that a search does not pass over the same places again. */
  readonly #skips = new Map<string, Map<number, number>>();

  /** @throws gear-cannot-link when two instances had the same one */
  keep(endpoint: Endpoint, by: InstanceId): void {
    const key = keyOf(endpoint);
    const holder = this.#taken.get(key);
    if (this.#taken.has(key)) {
      throw gearError("cannot-link", `the port ${key} is assigned to multiple instances: ${holder ?? "one"} and ${by}`);
    }
    this.#taken.set(key, by);
  }

  /** An alias, or a link that matches ports, gets its port on the next address; others the next port of the first address. */
  reserve({ link }: ContainerLink, port: LinkPort): Endpoint {
    const from = port.local ?? port.target;
    const ofAddresses = link.matchPort || port.local !== undefined;
    const endpoint = this.#next(ofAddresses ? addresses(link.nonLocal, from) : ports(link.nonLocal, from));
    if (endpoint === undefined) throw gearError("cannot-link", `no address is left for port ${from} of ${link.to}`);
    this.#taken.set(keyOf(endpoint), undefined);
    return endpoint;
  }

  #next({ name, length, at }: Series): Endpoint | undefined {
    const skips = this.#skips.get(name) ?? new Map<number, number>();
    this.#skips.set(name, skips);
    const passed: number[] = [];
    let place = 0;
    while (place < length && this.#taken.has(keyOf(at(place)))) {
      passed.push(place);
      place = skips.get(place) ?? place + 1;
    }
    for (const one of passed) skips.set(one, place);
    return place < length ? at(place) : undefined;
  }
}

function keyOf({ address, port }: Endpoint): string {
  return `${address}:${port}`;
}

/** Endpoints in the order in which they are given. */
interface Series {
  readonly name: string;
  readonly length: number;
  at(place: number): Endpoint;
}

/** geard's `nextHost`: from 127.0.0.1 or 192.168.1.1; the last part goes from 1 to 254. */
function addresses(nonLocal: boolean, port: number): Series {
  const [network, first] = nonLocal ? ["192.168", 1] : ["127.0", 0];
  return {
    name: `${network} :${port}`,
    length: (256 - first) * 254,
    at: (place) => ({ address: `${network}.${first + Math.floor(place / 254)}.${1 + (place % 254)}`, port }),
  };
}

/** geard's `nextPort`, which after 65535 goes on with the ports below the first one rather than at 40000 for ever. */
function ports(nonLocal: boolean, from: number): Series {
  const address = nonLocal ? "192.168.1.1" : "127.0.0.1";
  const [above, lowest] = [65_536 - from, 1024];
  return {
    name: `${address} ${from}`,
    length: above + Math.max(0, from - lowest),
    at: (place) => ({ address, port: place < above ? from + place : lowest + place - above }),
  };
}
