// SPDX-License-Identifier: Apache-2.0
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { gearError } from "../errors.ts";
import type { NetworkNamespace } from "./network-namespace.ts";
import { targetInstance } from "./endpoint.ts";
import { gateways, interfaceAddresses } from "./ip-program.ts";
import type { InstanceLink, LinkTarget, ResolvedLink } from "./model.ts";

type Family = 4 | 6;

/** The host's own name for itself in plans. */
const thisHost = "localhost";

export interface Resolution {
  readonly links: readonly ResolvedLink[];
  /** Links to instances of this host that do not run: they have no address until they do. */
  readonly waiting: readonly InstanceLink[];
}

/** Addresses of an instance that runs on this host. */
export type FindInstance = (instance: string) => readonly string[] | undefined;

/**
 * Looks up the targets' names with the host's resolver. A target has to be of its source's family: the kernel translates
 * addresses, not between IPv4 and IPv6. Throws `gear-unresolved`.
 */
export async function resolveLinks(
  links: readonly InstanceLink[],
  namespace: NetworkNamespace,
  find: FindInstance,
): Promise<Resolution> {
  const known = new Map<string, Promise<string | undefined>>();
  const addressOf = (to: LinkTarget, family: Family) => {
    const key = `${family} ${to.host}`;
    const instance = targetInstance(to);
    const search = () =>
      instance === undefined
        ? resolve(to.host, family, namespace)
        : Promise.resolve(find(instance)?.find((address) => isIP(address) === family));
    const found = known.get(key) ?? search();
    known.set(key, found);
    return found;
  };
  const resolved: ResolvedLink[] = [];
  const waiting: InstanceLink[] = [];
  for (const link of links) {
    const address = await addressOf(link.to, isIP(link.from.address) as Family);
    if (address === undefined) waiting.push(link);
    else resolved.push({ from: link.from, to: { address, port: link.to.port } });
  }
  return { links: resolved, waiting };
}

/** The addresses that other containers of its networks have for one. */
export async function containerAddresses(namespace: NetworkNamespace): Promise<string[]> {
  return (await interfaceAddresses(namespace)).filter(({ global }) => global).map(({ address }) => address);
}

async function resolve(host: string, family: Family, namespace: NetworkNamespace): Promise<string> {
  if (host === thisHost || isLoopback(host)) return hostAddress(family, namespace);
  if (isIP(host) === family) return host;
  if (isIP(host) !== 0) throw unresolved(host, family);
  try {
    const { address } = await lookup(host, { family });
    return isLoopback(address) ? await hostAddress(family, namespace) : address;
  } catch (error) {
    if (gearError.is(error, "unresolved")) throw error;
    throw unresolved(host, family, error);
  }
}

function unresolved(host: string, family: Family, cause?: unknown) {
  return gearError("unresolved", `${host} has no IPv${family} address`, {
    cause,
    hint: `getent ahostsv${family} ${host}`,
  });
}

function isLoopback(address: string): boolean {
  return address === "::1" || (isIP(address) === 4 && address.startsWith("127."));
}

/**
 * The host as a container sees it. On a bridge that is the gateway, which keeps its address when the machine's changes;
 * where the gateway is another machine (macvlan), the host's first address, as geard took (GetHostIPFromNamespace).
 */
async function hostAddress(family: Family, namespace: NetworkNamespace): Promise<string> {
  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => address.family === `IPv${family}` && !address.internal && !address.address.startsWith("fe80:"))
    .map(({ address }) => address);
  const gateway = (await gateways(namespace, family, "default")).find((address) => own.includes(address));
  const address = gateway ?? own[0];
  if (address !== undefined) return address;
  throw gearError("unresolved", `this host has no IPv${family} address that a container could reach`);
}
