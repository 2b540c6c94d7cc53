// SPDX-License-Identifier: Apache-2.0
import type { Port } from "../../model.ts";
import { either, list, mapped, type Shape, text, written } from "../shape/index.ts";
import { parsePorts } from "../value/index.ts";
import { count, may, must, only, specified } from "./shapes.ts";

const long = specified(
  "port",
  {
    target: must(count(1, 65_535)),
    published: may(written("a port", "[0-9]{1,5}(?:-[0-9]{1,5})?")),
    host_ip: may(text("an address")),
    protocol: may(text("tcp, udp or sctp", "tcp|udp|sctp"), "tcp"),
    // Outside of a swarm both modes are the same.
    mode: only("host|ingress"),
  },
  { name: "", app_protocol: "" },
);

/** As --publish of docker-run(1); a port alone is published on one that is free. */
function short(word: string): Port[] | undefined {
  return parsePorts(word)?.map((port) => ({ ...port, host: port.host ?? 0 }));
}

const syntax = "must be [[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]";

const port: Shape<Port[]> = either(
  mapped(
    written("a port"),
    (word, place, node) =>
      short(word) ?? place.fault(node.at, `${syntax}, not ${JSON.stringify(word.slice(0, 80))}`, hint(word)),
  ),
  mapped(long, ({ target, published, host_ip: address, protocol }, place, node) => {
    const listen =
      address === undefined || address === "" ? "" : `${address.includes(":") ? `[${address}]` : address}:`;
    const host = published === undefined || published === "" ? "0" : published;
    const word = `${listen}${host}:${target}/${protocol}`;
    return short(word) ?? place.fault(node.at, `is no port that can be published: ${word}`, hint(word));
  }),
);

function hint(word: string): string | undefined {
  return /^[^/]*[0-9]-[0-9]+:[0-9]+(\/|$)/.test(word) ? "a range of the host for one port is not supported" : undefined;
}

export const ports: Shape<Port[]> = mapped(list(port, "a list of ports"), (all) => all.flat());

/** Ports that are reached by other containers alone. */
export const expose: Shape<Port[]> = mapped(
  list(
    mapped(written("a port"), (word, place, node) => {
      const found = word.includes(":") ? undefined : parsePorts(word);
      return found ?? place.fault(node.at, `must be PORT[/PROTOCOL], not ${JSON.stringify(word.slice(0, 80))}`);
    }),
    "a list of ports",
  ),
  (all) => all.flat(),
);
