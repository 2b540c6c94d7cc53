// SPDX-License-Identifier: Apache-2.0
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
  /** Other files by absolute path below the generation's directory, which is what `%GENERATION%` stands for in units. */
  readonly files: ReadonlyMap<string, RenderedFile>;
  /** Units that are started, and with the host from then on, each after what it is ordered after. */
  readonly start: readonly string[];
  readonly images: readonly ImageUse[];
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
  /** `sha256:...` that it is pinned to; undefined until it has been pulled. */
  readonly digest: string | undefined;
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
  /** Of the files that it was made of, as they were, so that it can be shown and deployed again. */
  readonly source: string;
  /** Milliseconds since the epoch. */
  readonly deployedAt: number;
  readonly deployedBy: string;
  readonly state: GenerationState;
  /** Why it was taken back, or that it was on purpose. */
  readonly reason: string | undefined;
}

export type GenerationState = "deploying" | "running" | "replaced" | "failed" | "rolled-back";
