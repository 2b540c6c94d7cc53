// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { Port } from "../model.ts";
import type { PlacedContainer } from "./choose-instances.ts";
import type { InstanceId, PlacedInstance } from "./model.ts";

/** A port of a host that somebody listens on or holds. */
export interface UsedPort {
  readonly host: string;
  readonly port: number;
  /** Undefined is every address. */
  readonly address: string | undefined;
  readonly protocol: Port["protocol"];
  /** Whoever holds it, for the message. */
  readonly by: string;
}

/** An instance with the ports that others reach. */
export interface ExposedInstance extends PlacedContainer {
  readonly ports: readonly Port[];
}

/** Ports that are given out: below those of outgoing connections (ip_local_port_range of the kernel begins at 32768). */
const firstPort = 20_000;
const lastPort = 32_767;

/** Of each instance, in the order of its ports; undefined for a port that needs none. */
export type HostPorts = ReadonlyMap<InstanceId, readonly (number | undefined)[]>;

/**
 * Gives ports of hosts: first those that the file names, then those that an instance had, then the next that is free.
 * @param linked container's ports that instances on other hosts link to: they get one though they are not published
 * @throws gear-port-conflict before anything has been started
 */
export function allocateHostPorts(
  placed: readonly ExposedInstance[],
  linked: ReadonlyMap<InstanceId, ReadonlySet<number>>,
  previous: readonly PlacedInstance[],
  portsInUse: readonly UsedPort[],
): HostPorts {
  const table = new HostPortTable(portsInUse.filter((used) => !isOwn(used, previous)));
  const needs = placed.map((instance) => ({
    instance,
    ports: instance.ports.map((port, index) => ({
      port,
      had: portBefore(instance, index),
      number: port.host ?? (linked.get(instance.id)?.has(port.container) ? 0 : undefined),
    })),
  }));
  const each = needs.flatMap(({ instance, ports }) => ports.map((need) => ({ instance, need })));
  for (const { instance, need } of each) {
    if (need.number !== undefined && need.number > 0) table.takeFixed(instance, need.port, need.number);
  }
  const open = each.filter(({ need }) => need.number === 0);
  for (const { instance, need } of open) {
    if (need.had !== undefined && table.isFree(instance.host, need.port, need.had)) {
      need.number = need.had;
      table.take(instance, need.port, need.had);
    }
  }
  for (const { instance, need } of open) if (need.number === 0) need.number = table.takeNext(instance, need.port);
  return new Map(needs.map(({ instance, ports }) => [instance.id, ports.map(({ number }) => number)]));
}

function isOwn(used: UsedPort, previous: readonly PlacedInstance[]): boolean {
  return previous.some(
    ({ host, ports }) =>
      host === used.host &&
      ports.some(
        (port) => port.host === used.port && port.protocol === used.protocol && overlap(port.address, used.address),
      ),
  );
}

/** Its port before, of the same container port: the n-th of those that are alike. */
function portBefore({ ports, kept }: ExposedInstance, index: number): number | undefined {
  const port = ports[index];
  const alike = (one: { container: number; protocol: string }) =>
    one.container === port?.container && one.protocol === port.protocol;
  const place = ports.slice(0, index).filter(alike).length;
  return kept?.ports.filter(alike)[place]?.host;
}

interface Holder {
  readonly address: string | undefined;
  readonly by: string;
}

class HostPortTable {
  readonly #holders = new Map<string, Holder[]>();
  /** Where the search for the next free port goes on, by host and protocol: all below it are taken. */
  readonly #next = new Map<string, number>();

  constructor(used: readonly UsedPort[]) {
    for (const one of used) this.#hold(one.host, one.protocol, one.port, one);
  }

  isFree(host: string, { protocol, address }: Port, number: number): boolean {
    return this.#holder(host, protocol, number, address) === undefined;
  }

  take({ id, host }: PlacedContainer, { protocol, address }: Port, number: number): void {
    this.#hold(host, protocol, number, { address, by: id });
  }

  takeFixed(instance: PlacedContainer, port: Port, number: number): void {
    const holder = this.#holder(instance.host, port.protocol, number, port.address);
    if (holder) {
      throw gearError(
        "port-conflict",
        `port ${number}/${port.protocol} of ${instance.host} that ${instance.id} asks for is taken by ${holder.by}`,
      );
    }
    this.take(instance, port, number);
  }

  takeNext(instance: PlacedContainer, port: Port): number {
    const key = `${instance.host} ${port.protocol}`;
    for (let number = this.#next.get(key) ?? firstPort; number <= lastPort; number++) {
      // A port that is taken on one address is passed over on all: a number then means one thing on its host.
      if (!this.isFree(instance.host, { ...port, address: undefined }, number)) continue;
      this.#next.set(key, number + 1);
      this.take(instance, port, number);
      return number;
    }
    throw gearError(
      "port-conflict",
      `no port of ${firstPort} to ${lastPort} is free on ${instance.host} for ${instance.id}`,
    );
  }

  #hold(host: string, protocol: string, number: number, holder: Holder): void {
    const key = `${host} ${protocol} ${number}`;
    const holders = this.#holders.get(key);
    if (holders) holders.push(holder);
    else this.#holders.set(key, [holder]);
  }

  #holder(host: string, protocol: string, number: number, address: string | undefined): Holder | undefined {
    return this.#holders.get(`${host} ${protocol} ${number}`)?.find((one) => overlap(one.address, address));
  }
}

/** bind(2): an address and every address exclude each other; `::` takes the IPv4 ones too (ipv6(7), IPV6_V6ONLY). */
function overlap(one: string | undefined, other: string | undefined): boolean {
  return isEvery(one) || isEvery(other) || bare(one) === bare(other);
}

function isEvery(address: string | undefined): boolean {
  return address === undefined || ["", "*", "0.0.0.0", "::"].includes(bare(address) ?? "");
}

function bare(address: string | undefined): string | undefined {
  return address?.replace(/^\[(.*)\]$/, "$1");
}
