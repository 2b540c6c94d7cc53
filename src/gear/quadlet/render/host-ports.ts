// SPDX-License-Identifier: Apache-2.0
import type { HostPort } from "../../generation/model.ts";
import type { QuadletFile } from "../quadlet-file.ts";

const lastPort = 65_535;

/** A file of ranges, each of all ports, would take all memory. */
const mostPorts = 100_000;

/**
 * The host's ports that `PublishPort=[[ADDRESS:][HOST]:]CONTAINER[/PROTOCOL]` takes, ranges each port of them (podman-run(1)
 * --publish). One that podman chooses, or that systemd has to expand, is none.
 */
export function publishedPorts(file: QuadletFile, unit: string): HostPort[] {
  let count = 0;
  return file.all("PublishPort").flatMap((value) => {
    if (value.includes("%")) return [];
    const match = /^(?:(?:(\[[0-9A-Fa-f:.]*\]|[^:[\]]*):)?([\d-]*):)?(\d+(?:-\d+)?)(?:\/(tcp|udp|sctp))?$/i.exec(
      value.trim(),
    );
    const host = range(match?.[2] ?? "");
    if (match === null || host === undefined || range(match[3]!) === undefined) {
      throw file.error(`PublishPort=${value} is not [[ADDRESS:][PORT]:]PORT[/PROTOCOL]`, "PublishPort");
    }
    count += host.length;
    if (count > mostPorts) throw file.error(`PublishPort=${value}: over ${mostPorts} ports`, "PublishPort");
    const address = match[1]?.replace(/^\[|\]$/g, "") || undefined;
    const protocol = (match[4]?.toLowerCase() ?? "tcp") as HostPort["protocol"];
    return host.map((port) => ({ protocol, address, port, unit }));
  });
}

/** Empty for "", undefined for what is none. */
function range(text: string): number[] | undefined {
  if (text === "") return [];
  const [first, last = first] = text.split("-").map(Number) as [number, number?];
  if (!/^\d+(-\d+)?$/.test(text) || !(first >= 1) || !(last <= lastPort) || first > last) return undefined;
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
