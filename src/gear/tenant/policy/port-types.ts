// SPDX-License-Identifier: Apache-2.0
import type { PolicyPort } from "./needs.ts";

export interface PortRange extends Pick<PolicyPort, "protocol"> {
  readonly low: number;
  readonly high: number;
  readonly type: string;
}

/** `(portcon tcp 8080 (system_u object_r http_cache_port_t ((s0) (s0))))`, `(portcon udp (1 511) ...)`. */
const portcon = /^\s*\(portcon (tcp|udp|sctp) (?:(\d+)|\((\d+) (\d+)\)) \(\w+ \w+ (\w+) /gm;

/** The ports that a policy in CIL names. */
export function parsePortTypes(cil: string): PortRange[] {
  return [...cil.matchAll(portcon)].map(([, protocol, one, low, high, type]) => ({
    protocol: protocol as PortRange["protocol"],
    low: Number(one ?? low),
    high: Number(one ?? high),
    type: type!,
  }));
}

/** The type of a port: of the narrowest range that has it, as the kernel's policy is sorted (port_t for none). */
export function portType(ranges: readonly PortRange[], { port, protocol }: PolicyPort): string {
  const having = ranges.filter((one) => one.protocol === protocol && one.low <= port && port <= one.high);
  const [narrowest] = having.toSorted((one, other) => one.high - one.low - (other.high - other.low));
  return narrowest?.type ?? "port_t";
}
