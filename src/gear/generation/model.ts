// SPDX-License-Identifier: Apache-2.0
import type { EngineKind } from "../engine/model.ts";
import type { UpdatePolicy } from "../model.ts";
import type { Name } from "../name.ts";
import type { PlacedInstance } from "../plan/model.ts";

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
  /** Unit of whose images it is a list, which follow when that unit's do (a manifest); else its words are somebody's own. */
  readonly imagesOf?: string;
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

/** What was deployed on several hosts as one. */
export interface Transaction {
  /** The same on all of them. */
  readonly id: string;
  /** What this host is called in it. */
  readonly host: string;
  /** All of them, this one among them. */
  readonly hosts: readonly string[];
}

/** A deployment as it is kept: what was rendered, by digest, and when and why it ran. Written once, never changed. */
export interface Generation {
  /** Counted from 1 in its application. */
  readonly number: number;
  readonly rendered: Rendered;
  /** What it was made of, as it was, so that it can be shown and deployed again. */
  readonly source: Source;
  readonly policy: UpdatePolicy;
  /** Version of the host that its file asks for. */
  readonly hostVersion: string | undefined;
  /** Whether it is deployed and gone back from together with the host. */
  readonly withHost: boolean;
  /** Engine that its units are for. */
  readonly engine: EngineKind;
  /** Where its instances were placed and which ports they got, for the next plan; empty where nothing was planned. */
  readonly placed: readonly PlacedInstance[];
  /** Images that were brought into the engine's storage for it or for one before, and may be removed with the last of them. */
  readonly pulled: readonly string[];
  /** Milliseconds since the epoch. */
  readonly deployedAt: number;
  readonly deployedBy: string;
  /** As it was typed. */
  readonly command: string;
  /** What for, in the words of who deployed it. */
  readonly message: string | undefined;
  /** Absent: deployed on this host alone. */
  readonly transaction?: Transaction;
}

export interface Source {
  /** Path of the file or directory that was named. */
  readonly path: string;
  /** Contents by path relative to it; a file alone is by its name. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * What is recorded of an application, in one file that is replaced whole: it alone says which generation runs, whether a
 * change is under way, and what became of the others.
 */
export interface ApplicationRecord {
  /** Undefined: its first deployment is under way, or has failed. */
  readonly current: number | undefined;
  readonly change: Change | undefined;
  /** Undefined where the application does not go with the host. */
  readonly hosts: HostBindings | undefined;
  /** Those that are kept, oldest first. */
  readonly generations: readonly { readonly number: number; readonly state: GenerationState }[];
  /** Oldest first; what is older than the last hundred is left to the journal. */
  readonly events: readonly ApplicationEvent[];
}

/** A deployment of the host. */
export interface HostDeployment {
  /** Of its commit. */
  readonly checksum: string;
  readonly version: string | undefined;
}

/** What there is of the host; who calls knows it. */
export interface HostDeployments {
  /** Undefined where the machine was not booted from a deployment. */
  readonly booted: HostDeployment | undefined;
  /** What boots next, when that is another one. */
  readonly next: HostDeployment | undefined;
  /** All, those two among them. */
  readonly kept: readonly HostDeployment[];
}

export interface HostBindings {
  readonly known: readonly HostBinding[];
  /** To be switched to when the host that it is for boots. */
  readonly waiting: { readonly generation: number; readonly host: HostDeployment } | undefined;
}

export interface HostBinding {
  readonly host: HostDeployment;
  /** That ran there last. */
  readonly generation: number;
  /** Whether it has been healthy there. */
  readonly proven: boolean;
  /** Why it was not. */
  readonly failure: string | undefined;
}

/** From one generation to another; undefined is none. While it is recorded, neither of them can be relied upon to run. */
export interface Change {
  readonly kind: ChangeKind;
  readonly from: number | undefined;
  readonly to: number | undefined;
  /** Whether it is being taken back, and why. */
  readonly back: string | undefined;
  /** Units, also of others, that were active before: they are again when it has been taken back. */
  readonly active: readonly string[];
  readonly startedAt: number;
  readonly by: string;
  readonly command: string;
  /** Absent: this host alone decides. */
  readonly transaction?: Transaction & { readonly pledge?: Pledge };
}

/** This host's word not to go back by itself before `until`: the others may come to stay with what they run. */
export interface Pledge {
  /** Milliseconds since the boot. */
  readonly until: number;
  /** Boot that it was given in: what runs after another one is not what it was given for. */
  readonly boot: string;
}

/** `follow-host`: at a boot, because another deployment of the host was booted. */
export type ChangeKind = "deploy" | "update" | "env" | "rollback" | "delete" | "follow-host";

/** A change that has ended. */
export interface ApplicationEvent {
  readonly at: number;
  readonly kind: ChangeKind;
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly outcome: Outcome;
  /** Why it did not come through. */
  readonly reason: string | undefined;
  readonly by: string;
  readonly command: string;
  /** Id of the transaction that it was this host's part of. */
  readonly transaction?: string;
}

/** `failed`: it did not come through and was not taken back, because the policy says so or because that failed as well. */
export type Outcome = "done" | "taken-back" | "failed";

/** `waiting`: for a host that has not been booted. */
export type GenerationState = "deploying" | "waiting" | "running" | "replaced" | "failed" | "rolled-back";
