// SPDX-License-Identifier: Apache-2.0
import type { Application, Container, Port } from "../model.ts";
import type { Name } from "../name.ts";

/** An application placed on hosts: every instance has a host, its ports their numbers, its links their ends. */
export interface Plan {
  readonly application: Application;
  readonly instances: readonly Instance[];
  /** Instances of the plan before that this one has no more, or has on another host. */
  readonly removed: readonly PlacedInstance[];
}

/** `NAME-N`, N counted from 1; NAME alone where there is one. Unique in its application. */
export type InstanceId = Name;

/** What is kept of an instance for the next plan, so that what did not change stays where it is. Plain JSON. */
export interface PlacedInstance {
  readonly id: InstanceId;
  /** Name of the container that it is an instance of. */
  readonly from: Name;
  /** Name of the host that it runs on; `localhost` where no hosts were named. */
  readonly host: string;
  readonly ports: readonly AllocatedPort[];
}

export interface Instance extends PlacedInstance {
  readonly container: Container;
  readonly links: readonly PlannedLink[];
  /** Whether the plan before did not have it on this host. */
  readonly added: boolean;
}

export interface AllocatedPort {
  readonly container: number;
  /** Port of the host; undefined where the file publishes none and only links of the same host lead to it, which need none. */
  readonly host: number | undefined;
  /** Address of the host to listen on; undefined is every one. */
  readonly address: string | undefined;
  readonly protocol: Port["protocol"];
  /** Where links to it begin, inside every container that has one; undefined where none does. */
  readonly shared: Endpoint | undefined;
}

export interface Endpoint {
  /** IPv4: of 127.0.0.0/16, or of 192.168.0.0/16 for links that are not of the loopback network. */
  readonly address: string;
  readonly port: number;
}

/** Where the container connects to, and where that leads. */
export interface PlannedLink {
  readonly from: Endpoint;
  readonly protocol: Port["protocol"];
  readonly to: LinkEnd;
}

export interface LinkEnd {
  readonly instance: InstanceId;
  /** Port of its container, for who reaches that directly: on the same host. */
  readonly containerPort: number;
  readonly host: string;
  /** Port of its host; undefined only on the same host, as of {@link AllocatedPort.host}. */
  readonly port: number | undefined;
}
