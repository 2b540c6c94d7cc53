// SPDX-License-Identifier: Apache-2.0
/**
 * What a host says of itself becomes part of what others run: names of instances, ports, addresses, digests. A host that somebody
 * else has taken over must not come to others by that.
 */
import { isIP } from "node:net";
import { formatImageName, type ImageName, isImageId, parseImageName, parseImageSource } from "../engine/image-name.ts";
import { gearError } from "../errors.ts";
import { parseName } from "../name.ts";
import type { AllocatedPort, PlacedInstance } from "../plan/index.ts";
import type { HostFacts } from "./requests.ts";

/** @throws gear-host-answer, gear-bad-name */
export function checkFacts(host: string, facts: HostFacts): HostFacts {
  const { address, placed, portsInUse, tenant } = facts;
  if (isIP(address) === 0) throw strange(host, "an address", address);
  const { level, users, logRateLimit } = tenant ?? {};
  if (level !== undefined && !/^s\d+(:c\d+(,c\d+)*)?$/.test(level)) throw strange(host, "a level", level);
  if (users !== undefined && ![users.first, users.count].every(Number.isSafeInteger))
    throw strange(host, "users", users);
  if (logRateLimit !== undefined && !Number.isSafeInteger(logRateLimit))
    throw strange(host, "a limit of messages", logRateLimit);
  return {
    ...facts,
    placed: placed.map((instance) => checkPlaced(host, instance)),
    portsInUse: portsInUse.map((used) => ({ ...used, port: portNumber(host, used.port), by: String(used.by) })),
  };
}

function checkPlaced(host: string, { id, from, host: on, ports }: PlacedInstance): PlacedInstance {
  return {
    id: parseName(id, `an instance of ${host}`),
    from: parseName(from, `a container of ${host}`),
    host: String(on),
    ports: ports.map((port) => checkPort(host, port)),
  };
}

function checkPort(
  host: string,
  { container, host: published, address, protocol, shared }: AllocatedPort,
): AllocatedPort {
  if (!["tcp", "udp", "sctp"].includes(protocol)) throw strange(host, "a protocol", protocol);
  if (address !== undefined && isIP(address) === 0) throw strange(host, "an address", address);
  if (shared !== undefined && isIP(shared.address) !== 4) throw strange(host, "an address", shared.address);
  return {
    container: portNumber(host, container),
    host: published === undefined ? undefined : portNumber(host, published),
    address,
    protocol,
    shared: shared === undefined ? undefined : { address: shared.address, port: portNumber(host, shared.port) },
  };
}

function portNumber(host: string, port: number): number {
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw strange(host, "a port", port);
}

/**
 * What a reference is pinned by on all hosts, of what one of them answered. A reference that says by itself which image it is (by a
 * digest or an id) needs no answer; a name of a registry is pinned by a digest in that repository.
 * @returns an id where the image came from no registry: others are not led to an image of theirs by it (`isUnsure`)
 */
export function checkPin(host: string, reference: string, pin: unknown): string {
  if (isImageId(reference)) return reference;
  const asked = nameOf(reference);
  if (asked?.digest !== undefined) return formatImageName(asked);
  const text = String(pin);
  if (isImageId(text)) return text;
  const { digest, repository } = pinnedName(host, reference, text);
  // An image of a directory or archive has whatever name the engine made of it.
  const isOther = asked !== undefined && asked.repository !== repository;
  if (digest === undefined || isOther) throw strange(host, `a digest of ${reference}`, pin);
  return text;
}

function nameOf(reference: string): ImageName | undefined {
  const source = parseImageSource(reference);
  return source.transport === "docker" ? source.name : undefined;
}

function pinnedName(host: string, reference: string, pin: string): ImageName {
  try {
    return parseImageName(pin);
  } catch (error) {
    throw gearError.is(error, "bad-image") ? strange(host, `a digest of ${reference}`, pin) : error;
  }
}

/** Whether a name was pinned by an id, which could be any image's: each host has to have that image by the name, too. */
export const isUnsure = (reference: string, pin: string): boolean =>
  !isImageId(reference) && nameOf(reference) !== undefined && isImageId(pin);

/** @throws gear-no-image when a host has another image by a name than the one that it was pinned by elsewhere */
export function checkSameImage(host: string, reference: string, pin: string, found: unknown): void {
  const [here, there] = [String(found), pin].map((id) => id.replace(/^sha256:/, ""));
  if (here === there) return;
  throw gearError("no-image", `${host}: ${reference} is another image there than on the first host that runs it`);
}

const strange = (host: string, what: string, value: unknown) =>
  gearError("host-answer", `${host}: ${JSON.stringify(value)?.slice(0, 80)} is not ${what}`);
