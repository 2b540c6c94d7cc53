// SPDX-License-Identifier: Apache-2.0
/** The table of links of a network namespace, as nft(8) reads and prints it. */
import { isIPv4 } from "node:net";
import { gearError } from "../errors.ts";
import { canonicalAddress } from "./endpoint.ts";
import type { Port } from "../model.ts";
import type { Endpoint } from "../plan/model.ts";
import type { LinkSource, ResolvedLink } from "./model.ts";

export const tableName = "atomic_link";
const table = `inet ${tableName}`;
const maps = { 4: "links4", 6: "links6" } as const;

/**
 * The script that makes `links` the namespace's, whatever was there. nft(8) commits a file as one transaction: a packet meets
 * the links of before or those of after. Connections that exist keep the target that they have.
 */
export function nftScript(links: readonly ResolvedLink[]): string {
  return [
    `add table ${table}`,
    `add map ${table} links4 { type inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service; }`,
    `add map ${table} links6 { type inet_proto . ipv6_addr . inet_service : ipv6_addr . inet_service; }`,
    `add chain ${table} guard { type filter hook prerouting priority raw; }`,
    `add chain ${table} output { type nat hook output priority -100; }`,
    `add chain ${table} postrouting { type nat hook postrouting priority srcnat; }`,
    `flush table ${table}`,
    `flush map ${table} links4`,
    `flush map ${table} links6`,
    // With route_localnet the kernel takes packets for 127.0.0.0/8 from neighbours, too (CVE-2020-8558).
    `add rule ${table} guard iifname != "lo" ip daddr 127.0.0.0/8 drop`,
    // Only in output: nobody else may use this container's links by routing through it.
    `add rule ${table} output meta l4proto { tcp, udp, sctp } dnat ip to meta l4proto . ip daddr . th dport map @links4`,
    `add rule ${table} output meta l4proto { tcp, udp, sctp } dnat ip6 to meta l4proto . ip6 daddr . th dport map @links6`,
    `add rule ${table} postrouting ct status dnat oifname != "lo" masquerade`,
    ...links.map(
      ({ from, to }) =>
        `add element ${table} ${mapOf(from, to)} { ${protocolWord(from)} . ${words(from)} : ${words(to)} }`,
    ),
    "",
  ].join("\n");
}

function mapOf(from: Endpoint, to: Endpoint): string {
  if (isIPv4(from.address) === isIPv4(to.address)) return isIPv4(from.address) ? maps[4] : maps[6];
  throw gearError("bad-link", `${from.address} and ${to.address} are not of one family`);
}

const protocols = new Set<unknown>(["tcp", "udp", "sctp"] satisfies Port["protocol"][]);

/** With `words`, the place where values enter the script. */
function protocolWord({ protocol }: LinkSource): string {
  if (!protocols.has(protocol)) throw new Error(`not a checked protocol: ${JSON.stringify(protocol)}`);
  return protocol;
}

function words({ address, port }: Endpoint): string {
  if (canonicalAddress(address) !== address) throw new Error(`not a checked address: ${JSON.stringify(address)}`);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Error(`not a checked port: ${String(port)}`);
  return `${address} . ${port}`;
}

interface Concatenation {
  readonly concat?: unknown;
}

interface Listing {
  readonly nftables?: readonly { readonly map?: { readonly name?: string; readonly elem?: unknown } }[];
}

/**
 * The links in what `nft -j list table` prints (libnftables-json(5)). A container that may change its own network can have
 * put anything there: what is no link is left out, and shows as missing.
 */
export function parseListing(text: string): ResolvedLink[] {
  const listing = JSON.parse(text) as Listing;
  const elements = (listing.nftables ?? []).flatMap(({ map }) =>
    (map?.name === maps[4] || map?.name === maps[6]) && Array.isArray(map.elem) ? (map.elem as unknown[]) : [],
  );
  return elements.flatMap((element) => {
    const [key, value] = Array.isArray(element) ? element.map(partsOf) : [];
    const [from, to] = [endpointOf(key?.slice(1)), endpointOf(value)];
    const protocol = protocols.has(key?.[0]) ? (key![0] as Port["protocol"]) : undefined;
    return from === undefined || to === undefined || protocol === undefined
      ? []
      : [{ from: { ...from, protocol }, to }];
  });
}

function partsOf(value: unknown): unknown[] {
  const parts = (value as Concatenation | null)?.concat;
  return Array.isArray(parts) ? (parts as unknown[]) : [];
}

function endpointOf([address, port]: unknown[] = []): Endpoint | undefined {
  if (typeof address !== "string" || typeof port !== "number") return undefined;
  return canonicalAddress(address) === address ? { address, port } : undefined;
}
