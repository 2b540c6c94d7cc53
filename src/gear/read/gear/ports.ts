// SPDX-License-Identifier: Apache-2.0
import type { Link, LinkPort, Port } from "../../model.ts";
import { parseName } from "../../name.ts";
import {
  choice,
  either,
  flag,
  list,
  mapped,
  optional,
  record,
  required,
  type Shape,
  syntax,
  text,
  whole,
} from "../shape/index.ts";
import { namePattern, parsePorts, portPattern } from "../value/index.ts";
import { name } from "./words.ts";

const number = whole(1, 65_535);
const address = text("an IPv4 or IPv6 address", "[0-9]{1,3}(?:\\.[0-9]{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

const longPort = record("port", {
  container: required(number, "Port that the container listens on"),
  host: optional(
    whole(0, 65_535),
    "Port of the host; 0 has a free one taken. Without it nothing outside of the application reaches the port",
  ),
  address: optional(address, "Address of the host to listen on; every one without it"),
  protocol: optional(choice(["tcp", "udp", "sctp"]), "Protocol", "tcp"),
});

/** `80` alone is not published; what the host listens on is written before it. */
const port: Shape<Port[]> = either(
  mapped(number, (container): Port[] => [{ container, host: undefined, address: undefined, protocol: "tcp" }]),
  syntax("[[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]", portPattern, parsePorts),
  mapped(longPort, (value): Port[] => [value]),
);

export const ports: Shape<Port[]> = mapped(
  list(port, "a list of ports, each 80, 8080:80 or 127.0.0.1:5353:53/udp"),
  (values) => values.flat(),
);

const longLinkPort = record("link-port", {
  target: required(number, "Port of the other container"),
  local: optional(number, "Port inside this container; the other one's without it"),
});

const linkPort: Shape<LinkPort> = either(
  mapped(number, (target): LinkPort => ({ target, local: undefined })),
  longLinkPort,
);

const longLink = record("link", {
  to: required(name, "Name of the other container"),
  ports: optional(list(linkPort, "a list of ports"), "Its ports; every port that it has without them", []),
  "match-port": optional(flag, "Its own port on an address for each of its instances", false),
  "non-local": optional(flag, "Addresses that are not of 127.0.0.0/8, for programs that refuse those", false),
});

const portNumber = "[1-9][0-9]{0,4}";

const link: Shape<Link> = either(
  syntax("NAME[:PORT[:LOCAL]]", `${namePattern}(?::${portNumber}(?::${portNumber})?)?`, shortLink),
  mapped(longLink, (value): Link => ({
    to: value.to,
    ports: value.ports,
    matchPort: value["match-port"],
    nonLocal: value["non-local"],
  })),
);

export const links: Shape<Link[]> = list(link, "a list of links, each db, db:5432 or db:5432:15432");

function shortLink(written: string): Link | undefined {
  const form = new RegExp(`^(?<to>${namePattern})(?::(?<target>${portNumber})(?::(?<local>${portNumber}))?)?$`);
  const { to, target, local } = form.exec(written)?.groups ?? {};
  if (to === undefined || Number(target ?? 1) > 65_535 || Number(local ?? 1) > 65_535) return undefined;
  const ports =
    target === undefined ? [] : [{ target: Number(target), local: local === undefined ? undefined : Number(local) }];
  return { to: parseName(to, "a container"), ports, matchPort: false, nonLocal: false };
}
