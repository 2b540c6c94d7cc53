// SPDX-License-Identifier: Apache-2.0
/**
 * Addresses, names and ports of links. Whatever reaches an nft script or a command line has passed here, so that nothing in
 * it can be more than one word.
 */
import { isIPv4, isIPv6 } from "node:net";
import { gearError } from "../errors.ts";
import type { Port } from "../model.ts";
import type { Endpoint } from "../plan/model.ts";
import type { InstanceLink, LinkSource, LinkTarget } from "./model.ts";

/** Bounds the work of one transaction. */
const linkLimit = 4096;

/** `127.0.0.1:8080`, `[fd00::1]:53/udp`; tcp unless said. Throws `gear-bad-link`. */
export function parseSource(text: string): LinkSource {
  const [end, protocol = "tcp", ...more] = text.split("/");
  if (more.length > 0) throw bad(text, "is not ADDRESS:PORT[/PROTOCOL]");
  const { host, port } = splitPort(end!);
  return checkedSource({ address: host, port, protocol: protocol as Port["protocol"] });
}

/** `db.example.org:5432`, `10.0.0.2:5432`, `localhost:4001` (this host), `@shop-db:5432`. Throws `gear-bad-link`. */
export function parseTarget(text: string): LinkTarget {
  return checkedTarget(splitPort(text));
}

/** `ADDRESS:PORT[/PROTOCOL]=HOST:PORT`. */
export function parseLink(text: string): InstanceLink {
  const [from, to, ...more] = text.split("=");
  if (to === undefined || more.length > 0) throw bad(text, "is not ADDRESS:PORT=HOST:PORT");
  return { from: parseSource(from!), to: parseTarget(to) };
}

/** Checked links, each with its address in canonical text. A source that leads to two places is refused. */
export function checkLinks(links: readonly InstanceLink[]): InstanceLink[] {
  if (links.length > linkLimit)
    throw gearError("bad-link", `${links.length} links; at most ${linkLimit} fit a container`);
  const known = new Map<string, InstanceLink>();
  for (const link of links) {
    const checked = { from: checkedSource(link.from), to: checkedTarget(link.to) };
    const from = sourceText(checked.from);
    const [to, other] = [targetText(checked.to), known.get(from)?.to];
    if (other !== undefined && targetText(other) !== to)
      throw bad(from, `leads to both ${targetText(other)} and ${to}`);
    known.set(from, checked);
  }
  return [...known.values()];
}

/** The text that `parseSource` reads. */
export function sourceText(from: LinkSource): string {
  return `${endpointText(from)}${from.protocol === "tcp" ? "" : `/${from.protocol}`}`;
}

/** The text that `parseTarget` reads. */
export function targetText({ host, port }: LinkTarget): string {
  return endpointText({ address: host, port });
}

export function endpointText({ address, port }: Endpoint): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}

/** The instance that a target names; `undefined` where it names a host. */
export function targetInstance({ host }: LinkTarget): string | undefined {
  return host.startsWith("@") ? host.slice(1) : undefined;
}

/** An IP address as inet_ntop(3) prints it, which is how nft does; `undefined` for anything else. */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  // isIPv6 lets a zone pass (`fe80::1%eth0`), which may hold any character.
  if (!isIPv6(text) || text.includes("%")) return undefined;
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

function splitPort(text: string): { host: string; port: number } {
  const found = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([^:[\]]{1,253})):(\d{1,5})$/.exec(text);
  if (found === null) throw bad(text, "is not HOST:PORT");
  return { host: found[1] ?? found[2]!, port: Number(found[3]) };
}

const protocols: readonly string[] = ["tcp", "udp", "sctp"] satisfies Port["protocol"][];

function checkedSource(from: LinkSource): LinkSource {
  if (!protocols.includes(from.protocol)) throw bad(from.protocol, "is not tcp, udp or sctp");
  const address = canonicalAddress(from.address);
  if (address === undefined) throw bad(from.address, "is not an IP address");
  // Linux has no route_localnet for IPv6: packets from ::1 never leave.
  if (address === "::1") throw bad(address, "cannot lead out of a container; take 127.0.0.1 or another address");
  if (isIPv4(address) ? /^(0|22[4-9]|23\d|24\d|25[0-5])\./.test(address) : /^(::$|::ffff:|ff|fe[89ab])/.test(address))
    throw bad(address, "is not an address that one program can connect to");
  return { address, port: checkedPort(from.port), protocol: from.protocol };
}

const label = "[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?";
const hostName = new RegExp(`^${label}(\\.${label})*\\.?$`);

/** An instance's unit without `.service`: a part of file names as well. */
export const instanceName = /^[a-zA-Z0-9][a-zA-Z0-9_.@-]{0,199}$/;

function checkedTarget({ host, port }: LinkTarget): LinkTarget {
  if (host.startsWith("@") && instanceName.test(host.slice(1))) return { host, port: checkedPort(port) };
  const address = canonicalAddress(host);
  if (address !== undefined) return { host: address, port: checkedPort(port) };
  if (host.length > 253 || !hostName.test(host)) throw bad(host, "is not a name of a host");
  // inet_aton(3) takes `10.1` and `0x7f.1` for addresses, and so would the resolver.
  if (/^[0-9.]+$|^0x/i.test(host)) throw bad(host, "is not a whole IP address");
  return { host, port: checkedPort(port) };
}

function checkedPort(port: number): number {
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
  throw bad(String(port), "is not a port");
}

function bad(text: string, why: string) {
  return gearError("bad-link", `${JSON.stringify(text.slice(0, 80))} ${why}`);
}
