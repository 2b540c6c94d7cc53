// SPDX-License-Identifier: Apache-2.0
/** What a container's declaration says that it needs of the host, in SELinux's words. */
import { gearError } from "../../errors.ts";
import type { Application, Container, Link, Port } from "../../model.ts";
import type { Name } from "../../name.ts";

export interface PolicyNeeds {
  /** The type that its processes have. */
  readonly type: string;
  readonly capabilities: readonly string[];
  /** Whether it has a network at all. */
  readonly network: boolean;
  /** Ports that it listens on. */
  readonly listens: readonly PolicyPort[];
  /** Ports that it connects to: those of its links, inside it, and its own where its health is checked. */
  readonly connects: readonly PolicyPort[];
  readonly mounts: readonly PolicyFile[];
  readonly devices: readonly PolicyFile[];
}

export interface PolicyPort {
  readonly port: number;
  readonly protocol: Port["protocol"];
}

export interface PolicyFile {
  /** Of the host. */
  readonly path: string;
  readonly write: boolean;
}

/** What `selinux-type` of a gear file asks for a type of its own with. */
export const generatedType = "generated";

/** The type of a container's own policy, and the name of its module. `__` is a `-` and `_` the border, so that no two are the same. */
export function policyType(application: Name, container: Name): string {
  return `gear_${policyWord(application)}_${policyWord(container)}_t`;
}

/** Not every release of libsepol takes `-` in a symbol. `.` would begin a namespace. */
function policyWord(name: Name): string {
  return name.replaceAll("-", "__");
}

export function policyNeeds(
  { name: application, containers }: Pick<Application, "name" | "containers">,
  container: Container,
): PolicyNeeds {
  const { name, security, network, ports, links, mounts, health } = container;
  const listens = ports.map((port) => ({ port: port.container, protocol: port.protocol }));
  return {
    type: policyType(application, name),
    capabilities: security.capabilities,
    network: network.kind !== "none",
    listens,
    // A health check is a program in the container, which mostly asks the other one there.
    connects: [...links.flatMap((link) => linkPorts(containers, link)), ...(typeof health === "object" ? listens : [])],
    mounts: mounts.flatMap(({ source, readOnly }) =>
      source.kind === "bind" ? [{ path: source.path, write: !readOnly }] : [],
    ),
    devices: security.devices.map((device) => deviceNeed(name, device)),
  };
}

/** Where a link can begin inside the container: at a port, or one for each of the target's instances from there on. */
function linkPorts(containers: readonly Container[], { to, ports }: Link): PolicyPort[] {
  const target = containers.find(({ name }) => name === to);
  const published = (target?.ports ?? []).map(({ container, protocol }) => ({ port: container, protocol }));
  const protocolOf = (port: number) => published.find((one) => one.port === port)?.protocol ?? "tcp";
  const begin =
    ports.length === 0
      ? published
      : ports.map(({ target: port, local = port }) => ({ port: local, protocol: protocolOf(port) }));
  return begin.flatMap(({ port, protocol }) =>
    Array.from({ length: target?.count ?? 1 }, (_, instance) => ({ port: port + instance, protocol })),
  );
}

/** `HOST[:CONTAINER][:PERMISSIONS]` of --device (podman-run(1)). */
function deviceNeed(container: Name, device: string): PolicyFile {
  const [path = "", ...rest] = device.split(":");
  const permissions = rest.find((part) => /^[rwm]{1,3}$/.test(part)) ?? "rwm";
  if (path.startsWith("/")) return { path, write: permissions.includes("w") };
  throw gearError("unsupported", `${container}: a policy for the device ${JSON.stringify(device)}`);
}
