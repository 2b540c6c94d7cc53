// SPDX-License-Identifier: Apache-2.0
import type { UpdatePolicy } from "../model.ts";
import type { Name } from "../name.ts";

/**
 * What one host runs of an application, ready to be written: whatever kind of file it came from, deploying it means to have
 * its images, write its files, and bring its units to the state that it names.
 */
export interface Rendered {
  readonly application: Name;
  readonly tenant: Name | undefined;
  /** Unit files by name (`shop-db.service`); they go below /etc/systemd/system. */
  readonly units: ReadonlyMap<string, string>;
  /**
   * Other files by absolute path below the generation's directory, which is what `%GENERATION%` stands for in units;
   * `%GENERATION_NUMBER%` is its number. Both are said by `placeUnit` only when units are written.
   */
  readonly files: ReadonlyMap<string, RenderedFile>;
  /** Units that are started, and with the host from then on, each after what it is ordered after. */
  readonly start: readonly string[];
  readonly images: readonly ImageUse[];
  /** Ports of the host that its containers or sockets listen on. */
  readonly ports: readonly HostPort[];
  readonly instances: readonly RenderedInstance[];
}

export interface RenderedFile {
  readonly content: string;
  /** Permissions, 0o600 for what only root reads. */
  readonly mode: number;
}

export interface ImageUse {
  /** As written. */
  readonly reference: string;
  /** What units name instead, so that no other image can ever run; undefined until it has been pulled. */
  readonly pinned: string | undefined;
}

/**
 * What to name instead of a reference (`Image.pinned`). Renderers take it and are run twice: without pins to learn what has
 * to be pulled, and with all of them for what is deployed. A reference that it has not is rendered as written.
 */
export type Pins = ReadonlyMap<string, string>;

export interface HostPort {
  readonly protocol: "tcp" | "udp" | "sctp";
  /** Undefined is every address. */
  readonly address: string | undefined;
  readonly port: number;
  /** Unit that has it. */
  readonly unit: string;
}

/** A container of a unit, for status, logs, health and links. */
export interface RenderedInstance {
  readonly id: Name;
  readonly unit: string;
  /** Name of the container in the engine. */
  readonly container: string;
  readonly image: string;
  readonly hasHealthCheck: boolean;
}

/** A deployment as it is kept: what was rendered, by digest, and when and why it ran. */
export interface Generation {
  /** Counted from 1 in its application. */
  readonly number: number;
  readonly rendered: Rendered;
  /** What it was made of, as it was, so that it can be shown and deployed again. */
  readonly source: Source;
  readonly policy: UpdatePolicy;
  /** Milliseconds since the epoch. */
  readonly deployedAt: number;
  readonly deployedBy: string;
  /** As it was typed. */
  readonly command: string;
  readonly state: GenerationState;
  /** Why it was taken back, or that it was on purpose. */
  readonly reason: string | undefined;
}

export interface Source {
  /** Path of the file or directory that was named. */
  readonly path: string;
  /** Contents by path relative to it; a file alone is by its name. */
  readonly files: ReadonlyMap<string, string>;
}

export type GenerationState = "deploying" | "running" | "replaced" | "failed" | "rolled-back";
