// SPDX-License-Identifier: Apache-2.0
import { isIP } from "node:net";
import type { Port } from "../../model.ts";

const number = "(?:6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})";
const range = `${number}(?:-${number})?`;
const hostRange = `(?:0|${range})`;
const address = "(?:[0-9]{1,3}(?:\\.[0-9]{1,3}){3}|\\[[0-9a-fA-F:.]{2,45}\\])";

/** `[[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]`, ports or ranges, as --publish of podman-run(1) and docker-run(1). */
export const portPattern = `(?:${address}:(?:${hostRange})?:|${hostRange}:)?${range}(?:/(?:tcp|udp|sctp))?`;
const form = new RegExp(
  `^(?:(?<address>${address}):(?<any>:)|(?:(?<address>${address}):)?(?<host>${hostRange}):)?` +
    `(?<container>${range})(?:/(?<protocol>tcp|udp|sctp))?$`,
);

/** Ports of one range: more than a program listens on, and each becomes a rule. */
const rangeLimit = 1000;

/**
 * The ports that are written, one for each of a range.
 * @returns `undefined` when the text is no port, an address none, or one range longer than the other; `host` is undefined
 *   where none was written
 */
export function parsePorts(text: string): Port[] | undefined {
  const groups = form.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const listen = groups["address"]?.replace(/^\[(.*)\]$/, "$1");
  if (listen !== undefined && isIP(listen) === 0) return undefined;
  const container = numbers(groups["container"] ?? "");
  const written = groups["any"] === undefined ? groups["host"] : "0";
  const host = written === undefined ? undefined : written === "0" ? "any" : numbers(written);
  if (container === undefined || container.length > rangeLimit) return undefined;
  if (Array.isArray(host) && host.length !== container.length) return undefined;
  const protocol = (groups["protocol"] ?? "tcp") as Port["protocol"];
  return container.map((port, index) => ({
    container: port,
    host: host === "any" ? 0 : host?.[index],
    address: listen,
    protocol,
  }));
}

function numbers(written: string): number[] | undefined {
  const [first = 0, last = first] = written.split("-").map(Number);
  return last < first ? undefined : Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
