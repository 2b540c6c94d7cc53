// SPDX-License-Identifier: Apache-2.0
import type { Port } from "../model.ts";
import type { Endpoint } from "../plan/model.ts";

/** What programs of the container connect to. */
export interface LinkSource extends Endpoint {
  readonly protocol: Port["protocol"];
}

/** Name or address of a host; `localhost` is this one, `@INSTANCE` an instance on this one, reached directly. */
export interface LinkTarget {
  readonly host: string;
  readonly port: number;
}

/** A link of an instance, as its file says it. */
export interface InstanceLink {
  readonly from: LinkSource;
  readonly to: LinkTarget;
}

/** A link whose target's name has been looked up: what the kernel can be told. Addresses are in canonical text. */
export interface ResolvedLink {
  readonly from: LinkSource;
  readonly to: Endpoint;
}

/** What somebody changed of an instance's links while it ran: another target, or none. */
export interface LinkChange {
  readonly from: LinkSource;
  readonly to: LinkTarget | undefined;
}
