// SPDX-License-Identifier: Apache-2.0
import type { Container, Network, Port } from "../../model.ts";
import { type Name, parseName } from "../../name.ts";
import type { ObjectOf } from "./kinds.ts";
import type { Source } from "./source.ts";
import { protocolOf } from "./to-container.ts";
import { matches, type Workload } from "./workload.ts";

export interface ReadService {
  readonly source: Source;
  readonly service: ObjectOf<"Service">;
}

interface Running {
  readonly workload: Workload;
  readonly container: Container;
}

/** The network on which containers find each other by the names of Services. */
export const podNetwork: Network = { name: parseName("pods", "a network"), internal: false };

/**
 * Services as what a host has for them: a name on the network of the containers, which leads to the ports that they listen on, and
 * ports of the host. Nothing stands between, so that a name cannot lead from one port to another.
 */
export function withServices(running: readonly Running[], services: readonly ReadService[]): Container[] {
  const aliases = new Map<Name, string[]>(running.map(({ container }) => [container.name, []]));
  const ports = new Map<Name, Port[]>(running.map(({ container }) => [container.name, [...container.ports]]));
  for (const { service, source } of services) {
    const targets = running.filter(({ workload }) => matches(service.spec.selector, workload.labels));
    if (targets.length === 0) source.fault(["spec", "selector"], "selects no Pod of the file");
    for (const { workload, container } of targets) {
      const added = servicePorts(service, workload, source);
      for (const port of added) addPort(ports.get(container.name) ?? [], port);
      if (isName(service, workload)) aliases.get(container.name)?.push(service.metadata.name);
    }
  }
  const joins = services.length > 0;
  return running.map(({ container }) => ({
    ...container,
    ports: ports.get(container.name) ?? [],
    network:
      joins && container.network.kind === "own"
        ? { kind: "own", networks: [{ name: podNetwork.name, aliases: aliases.get(container.name) ?? [] }] }
        : container.network,
  }));
}

type ServicePort = ObjectOf<"Service">["spec"]["ports"][number];

function servicePorts({ spec }: ObjectOf<"Service">, workload: Workload, source: Source): Port[] {
  return spec.ports.flatMap((port, index): Port[] => {
    const target = targetOf(port, workload);
    const at = ["spec", "ports", index];
    if (target === undefined) {
      source.fault([...at, "targetPort"], `no port of ${workload.name} is called ${port.targetPort}`);
      return [];
    }
    if (spec.type === "ClusterIP" && target !== port.port) {
      source.unsupported(at, `leads port ${port.port} to ${target}`, `have its users connect to ${target}`);
    }
    const host =
      spec.type === "ClusterIP" ? undefined : spec.type === "LoadBalancer" ? port.port : (port.nodePort ?? 0);
    return [{ container: target, host, address: undefined, protocol: protocolOf(port.protocol) }];
  });
}

function targetOf({ port, targetPort }: ServicePort, { pod }: Workload): number | undefined {
  if (typeof targetPort !== "string") return targetPort ?? port;
  return pod.containers.ports.find(({ name }) => name === targetPort)?.containerPort;
}

/** Whether a container can be called by the Service's name: its ports are the container's. */
function isName({ spec }: ObjectOf<"Service">, workload: Workload): boolean {
  return spec.ports.every((port) => targetOf(port, workload) === port.port);
}

/** A port that the Pod lists already is the same one, unless both have a port of the host. */
function addPort(ports: Port[], port: Port): void {
  const same = ports.findIndex(
    (one) =>
      one.container === port.container &&
      one.protocol === port.protocol &&
      (one.host === undefined || port.host === undefined || one.host === port.host),
  );
  const found = ports[same];
  if (found === undefined) ports.push(port);
  else ports[same] = { ...found, host: found.host ?? port.host };
}
