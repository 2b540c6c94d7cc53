// SPDX-License-Identifier: Apache-2.0
import { isIPv6 } from "node:net";
import { gearError } from "../errors.ts";
import type { HostPort } from "../generation/model.ts";
import type { AllocatedPort, Instance } from "../plan/model.ts";
import type { Scene } from "./settings.ts";
import { networkName, serviceUnit, socketUnit } from "./unit-names.ts";

/**
 * A container that joins no network by name has the application's own: it reaches the other containers of the application
 * and, unlike on the engine's default network, none of another.
 */
export function networksOf(scene: Scene, { container }: Instance): string[] {
  if (container.network.kind !== "own") return [];
  const { networks } = container.network;
  if (networks.length === 0) return [networkName(scene.application)];
  return networks.map(({ name }) => networkName(scene.application, name));
}

export function networkWords(scene: Scene, instance: Instance): string[] {
  const { network, hostname, name } = instance.container;
  const words = hostname === undefined ? [] : [`--hostname=${hostname}`];
  if (network.kind !== "own") return [`--network=${network.kind}`, ...words];
  const joined = networksOf(scene, instance);
  if (joined.length > 1 && scene.engine === "docker") {
    throw gearError("unsupported", `${name}: Docker joins one network when it runs a container`, {
      hint: "podman joins several",
    });
  }
  const aliases = (index: number) => [
    ...new Set([name, instance.id, ...(network.networks[index]?.aliases ?? [])].map(checkAlias)),
  ];
  return [
    ...(scene.engine === "docker"
      ? [`--network=${joined[0]}`, ...aliases(0).map((alias) => `--network-alias=${alias}`)]
      : joined.map(
          (one, index) =>
            `--network=${one}:${aliases(index)
              .map((alias) => `alias=${alias}`)
              .join(",")}`,
        )),
    ...words,
    ...instance.ports.flatMap(publishWords),
  ];
}

function publishWords({ container, host, address, protocol }: AllocatedPort): string[] {
  if (host === undefined) return [];
  const before = address === undefined ? "" : `${isIPv6(address) ? `[${address}]` : address}:`;
  return [`--publish=${before}${host}:${container}/${protocol}`];
}

/** Ports of the host that an instance takes. On the host's own network nobody else can have those it listens on. */
export function hostPorts(scene: Scene, instance: Instance): HostPort[] {
  const { container, ports, id } = instance;
  const unit = serviceUnit(scene.application, id);
  if (container.network.kind === "host") {
    return container.ports.map((port) => ({
      protocol: port.protocol,
      address: port.address,
      port: port.container,
      unit,
    }));
  }
  const published = ports.flatMap(({ host, address, protocol }) =>
    host === undefined ? [] : [{ protocol, address, port: host, unit }],
  );
  const listened = container.sockets.flatMap(({ listen, protocol }): HostPort[] => {
    const port = socketPort(listen);
    if (port === undefined) return [];
    return [{ protocol: protocol === "stream" ? "tcp" : "udp", ...port, unit: socketUnit(scene.application, id) }];
  });
  return [...published, ...listened];
}

/** `8080`, `127.0.0.1:8080` and `[::1]:8080` of ListenStream=, systemd.socket(5); others are no IP ports. */
function socketPort(listen: string): Pick<HostPort, "address" | "port"> | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]:|([0-9.]+):)?(\d{1,5})$/i.exec(listen);
  return match === null ? undefined : { address: match[1] ?? match[2], port: Number(match[3]) };
}

function checkAlias(alias: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(alias)) return alias;
  throw gearError("unsupported", `${JSON.stringify(alias)} is no name that a container is found by`);
}
