// SPDX-License-Identifier: Apache-2.0
import type { Application, Container } from "../model.ts";
import type { Name } from "../name.ts";

/** An application placed on hosts: every instance has a host, its ports their numbers, its links their ends. */
export interface Plan {
  readonly application: Application;
  readonly instances: readonly Instance[];
  /** Ids of instances of the plan before that this one has no more. */
  readonly removed: readonly InstanceId[];
}

/** `NAME-N`, N counted from 1; NAME alone where there is one. Unique in its application. */
export type InstanceId = Name;

export interface Instance {
  readonly id: InstanceId;
  readonly container: Container;
  /** Name of the host that it runs on; `localhost` where no hosts were named. */
  readonly host: string;
  readonly ports: readonly AllocatedPort[];
  readonly links: readonly PlannedLink[];
  /** Whether the plan before did not have it. */
  readonly added: boolean;
}

export interface AllocatedPort {
  readonly container: number;
  readonly host: number;
  readonly address: string | undefined;
  readonly protocol: "tcp" | "udp" | "sctp";
}

/** Where the container connects to, and where that leads. */
export interface PlannedLink {
  readonly from: { readonly address: string; readonly port: number };
  readonly to: { readonly host: string; readonly port: number };
  readonly instance: InstanceId;
}
