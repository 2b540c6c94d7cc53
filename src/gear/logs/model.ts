// SPDX-License-Identifier: Apache-2.0
import type { Name } from "../name.ts";

/** The fields that entries of containers are found by, each by its word on the command line. */
export const logFields = {
  tenant: "ATOMIC_TENANT",
  container: "ATOMIC_COMPONENT",
  instance: "ATOMIC_INSTANCE",
  image: "ATOMIC_IMAGE",
  digest: "ATOMIC_IMAGE_DIGEST",
  generation: "ATOMIC_GENERATION",
  link: "ATOMIC_LINK",
} as const;
export type LogKey = keyof typeof logFields;

/** An application, or one of its containers or instances (`shop/web`, `shop/web-2`). */
export interface LogSubject {
  readonly application: Name;
  readonly part: string | undefined;
}

/** Which entries are asked for: of values of one field any, of different fields all. */
export interface LogQuery {
  readonly subjects: readonly LogSubject[];
  /** Values by field of the journal. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

/** A container that this host has or had in a generation that is kept: entries about it that its unit did not write have no fields of ours. */
export interface LoggedInstance {
  readonly application: Name;
  readonly tenant: Name | undefined;
  /** Undefined for one of several of a Quadlet template. */
  readonly component: string | undefined;
  readonly id: string;
  readonly unit: string;
  /** Name of the container in the engine. */
  readonly container: string;
}

/** Which journals are read. */
export interface LogSource {
  /** journalctl's options. */
  readonly options: readonly string[];
  /** Whether the entries are of this host, so that what it knows of its containers holds for them. */
  readonly local: boolean;
}

/** The journal of this host with the namespaces of its tenants. */
export const localJournal: LogSource = { options: ["--namespace=*"], local: true };
