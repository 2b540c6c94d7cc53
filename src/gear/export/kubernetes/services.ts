// SPDX-License-Identifier: Apache-2.0
import type { Container, Port } from "../../model.ts";
import { type Manifest, metadata, objectName, type Scene, selector } from "./manifest.ts";
import { ownVolumes } from "./volumes.ts";

/** A Service for who links to the container, and one for the world where the host publishes ports. */
export function makeServices(scene: Scene, container: Container): Manifest[] {
  const linked = scene.application.containers
    .flatMap(({ links }) => links)
    .filter(({ to }) => to === container.name)
    .flatMap(({ ports }) => ports.map(({ target }): Port => ({ ...plain, container: target })));
  const inside = [...container.ports, ...linked].map((port) => servicePort(port.container, port));
  const published = container.ports.filter(({ host, address }) => host !== undefined && !isLoopback(address));
  const outside = published.map((port) => servicePort(port.host || port.container, port));
  const name = objectName(scene, container.name);
  // The Pods of a StatefulSet have names of their own, which a Service without an address of its own gives them.
  const headless = ownVolumes(scene, container).length > 0 ? "None" : undefined;
  return [
    ...(inside.length > 0 ? [makeService(scene, container, name, inside, "ClusterIP", headless)] : []),
    ...(outside.length > 0
      ? [makeService(scene, container, objectName(scene, `${container.name}-public`), outside, "LoadBalancer")]
      : []),
  ];
}

const plain: Omit<Port, "container"> = { host: undefined, address: undefined, protocol: "tcp" };

export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(127\.|::1$|localhost$)/.test(address);
}

interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly targetPort: number;
  readonly protocol: string;
}

function servicePort(port: number, { container, protocol }: Port): ServicePort {
  return { name: `${protocol}-${port}`, port, targetPort: container, protocol: protocol.toUpperCase() };
}

function makeService(
  scene: Scene,
  container: Container,
  name: string,
  ports: readonly ServicePort[],
  type: string,
  clusterIP?: string,
): Manifest {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(scene, name, container),
    spec: {
      type,
      clusterIP,
      selector: selector(scene, container),
      ports: [...new Map(ports.map((port) => [port.name, port])).values()],
    },
  };
}
