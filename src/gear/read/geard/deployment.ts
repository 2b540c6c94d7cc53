// SPDX-License-Identifier: Apache-2.0
/** geard's deployment JSON: its `deployment.Deployment` and what is in it. */
import { isIPv4 } from "node:net";
import { defaultContainer } from "../../defaults.ts";
import type { Container, Link, LinkPort, Port, Variable } from "../../model.ts";
import { type Name, parseName } from "../../name.ts";
import type { AllocatedPort, Endpoint } from "../../plan/index.ts";
import { engineSecurity } from "../engine-security.ts";
import { choice, flag, list, mapped, optional, record, required, type Shape, text, whole } from "../shape/index.ts";
import { imagePattern, namePattern, variablePattern } from "../value/index.ts";

const name: Shape<Name> = mapped(text("a name of a-z, 0-9 and -", namePattern), (value) =>
  parseName(value, "a deployment"),
);
/** Go's zero value is what is not there. */
const port = whole(0, 65_535);
const realPort = whole(1, 65_535);

const variable: Shape<Variable> = mapped(
  record("variable", {
    Name: required(text("the name of a variable", variablePattern), "Its name"),
    Value: optional(text(), "Its value", ""),
  }),
  ({ Name, Value }) => ({ name: Name, value: Value }),
);

const portFields = {
  Internal: required(realPort, "Port of the container"),
  External: optional(port, "Port that leads to it; 0 has one assigned", 0),
};

const publicPort: Shape<Port> = mapped(record("port", portFields), ({ Internal, External }) => ({
  container: Internal,
  host: External,
  address: undefined,
  protocol: "tcp",
}));

const aliasPort: Shape<LinkPort> = mapped(record("alias", portFields), ({ Internal, External }) => ({
  target: Internal,
  local: External === 0 ? undefined : External,
}));

const link: Shape<Link> = mapped(
  record("link", {
    To: required(name, "Container that it leads to"),
    NonLocal: optional(flag, "Whether the addresses are not of the loopback network", false),
    MatchPort: optional(flag, "Whether the port stays the same", false),
    Ports: optional(list(realPort, "a list of ports"), "Ports of the target", []),
    AliasPorts: optional(list(aliasPort, "a list of ports"), "Ports of the target by another number", []),
  }),
  ({ To, NonLocal, MatchPort, Ports, AliasPorts }) => ({
    to: To,
    // links.go `OrderLinks`: a port of Ports is one more without an alias, unless it is there already.
    ports: [
      ...AliasPorts,
      ...Ports.filter((target) => !AliasPorts.some((alias) => alias.target === target)).map((target) => ({
        target,
        local: undefined,
      })),
    ],
    matchPort: MatchPort,
    nonLocal: NonLocal,
  }),
);

const container: Shape<Container> = mapped(
  record("container", {
    Name: required(name, "Its name"),
    Image: required(text("the reference of an image", imagePattern), "What it runs"),
    Count: optional(whole(0, 1000), "How many instances it has", 0),
    PublicPorts: optional(list(publicPort, "a list of ports"), "Ports that others reach", []),
    Links: optional(list(link, "a list of links"), "Containers that it reaches", []),
    Environment: optional(list(variable, "a list of variables"), "Its environment", []),
    // deployment.go `DistributeAffinity`, which geard reads and does not obey.
    Affinity: optional(choice(["", "distribute"]), "Whether its instances share no host", ""),
    Notify: optional(flag, "Whether it says when it is ready", false),
  }),
  (value) => ({
    ...defaultContainer,
    name: value.Name,
    image: value.Image,
    count: value.Count,
    ports: value.PublicPorts,
    links: value.Links,
    environment: value.Environment,
    ready: value.Notify ? "notify" : "started",
    placement: { hosts: [], spread: value.Affinity === "distribute" },
    security: engineSecurity,
  }),
);

/** port.HostPort, which is empty without a host or a port. */
const target: Shape<{ readonly endpoint: Endpoint | undefined }> = mapped(
  record("target", {
    Host: optional(text(), "Address inside of containers that link to it", ""),
    Port: optional(port, "Port there", 0),
  }),
  ({ Host, Port }, place, node) => {
    if (Host === "" || Port === 0) return { endpoint: undefined };
    if (isIPv4(Host) && /^(127\.0|192\.168)\./.test(Host)) return { endpoint: { address: Host, port: Port } };
    return place.fault(node.at, "Host must be an address of 127.0.0.0/16 or 192.168.0.0/16");
  },
);

const instancePort: Shape<AllocatedPort> = mapped(
  record("instance-port", { ...portFields, Target: optional(target, "Where links to it begin") }),
  ({ Internal, External, Target }) => ({
    container: Internal,
    host: External === 0 ? undefined : External,
    address: undefined,
    protocol: "tcp",
    shared: Target?.endpoint,
  }),
);

const instance = record("instance", {
  Id: required(name, "Its name"),
  From: required(name, "Container that it is an instance of"),
  On: optional(text(), "Host that it runs on", ""),
  Image: optional(text(), "What it runs", ""),
  Ports: optional(list(instancePort, "a list of ports"), "Its ports", []),
  Environment: optional(list(variable, "a list of variables"), "Its environment", []),
  Notify: optional(flag, "Whether it says when it is ready", false),
});

export const deployment = record("deployment", {
  Containers: optional(list(container, "a list of containers"), "What is wanted", []),
  Instances: optional(list(instance, "a list of instances"), "What geard has deployed", []),
  IdPrefix: optional(
    text("the beginning of a name", `(?:${namePattern}-?)?`),
    "What each instance's name begins with",
    "",
  ),
  RandomizeIds: optional(flag, "Whether instances have random names", false),
});

/** Every key of the format, for {@link foldKeys}. */
export const keys: readonly string[] =
  "Containers Instances IdPrefix RandomizeIds Name Image Count PublicPorts Links Environment Affinity Notify Value To NonLocal MatchPort Ports AliasPorts Internal External Id From On Target Host Port".split(
    " ",
  );
