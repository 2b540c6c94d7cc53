// SPDX-License-Identifier: Apache-2.0
/** What a host is asked, in this order, for its part of what is deployed on several hosts; and what it answers. */
import type { EngineKind } from "../engine/model.ts";
import type { Forward, Who } from "../generation/change.ts";
import type { ChangeReport } from "../generation/deploy.ts";
import type { Rendered, Source, Transaction } from "../generation/model.ts";
import type { PinnedImages, PullPolicy } from "../generation/pin-images.ts";
import type { UpdatePolicy } from "../model.ts";
import type { Name } from "../name.ts";
import type { PlacedInstance, UsedPort } from "../plan/index.ts";
import type { TenantSettings } from "../unit/index.ts";

export interface Requests {
  /** Holds the application's lock from here on; what an earlier change left undone is brought to its end. */
  readonly open: { readonly given: OpenRequest; readonly result: HostFacts };
  /** Refuses what could not run beside what the host has. */
  readonly check: { readonly given: { readonly rendered: Rendered }; readonly result: object };
  readonly pin: {
    readonly given: { readonly references: readonly string[]; readonly pull: PullPolicy };
    readonly result: PinnedImages;
  };
  /** Writes the generation and records the change; nothing that runs is touched. */
  readonly prepare: { readonly given: PrepareRequest; readonly result: Prepared };
  /** The same for the generation before the one that runs; a host that is not concerned stays as it is. */
  readonly prepareRollback: {
    readonly given: Who & { readonly transaction: Transaction; readonly isConcerned: boolean };
    readonly result: Prepared;
  };
  readonly switch: { readonly given: object; readonly result: Forward };
  readonly watch: { readonly given: object; readonly result: Forward };
  /** The host promises not to go back by itself for that time, in milliseconds. */
  readonly pledge: { readonly given: { readonly milliseconds: number }; readonly result: object };
  /** Ends the change: all hosts stay with what they run. */
  readonly keep: { readonly given: object; readonly result: ChangeReport };
  /** Ends the change: all hosts go back. Undefined where nothing was recorded yet. */
  readonly back: { readonly given: { readonly reason: string }; readonly result: ChangeReport | undefined };
  /** Of another connection than the one that prepared it. */
  readonly settle: { readonly given: SettleRequest; readonly result: Settled };
  /** Says that there still is somebody. */
  readonly ping: { readonly given: object; readonly result: object };
  /** Runs `atomic` with these words to its end; output comes before the answer. */
  readonly run: { readonly given: { readonly words: readonly string[] }; readonly result: { readonly code: number } };
}

export interface OpenRequest {
  readonly application: Name;
  readonly tenant: Name | undefined;
  /** Undefined: that of what it runs. */
  readonly engine: EngineKind | undefined;
  /** After so many milliseconds without a message the connection counts as broken. */
  readonly silence: number;
}

export interface HostFacts {
  /** Instances of the generation that it runs, with what it was called when that was deployed. */
  readonly placed: readonly PlacedInstance[];
  readonly calledThen: string;
  /** Id of the transaction by which that was deployed. */
  readonly transaction: string | undefined;
  /** Hosts that ran the application as one with this one. */
  readonly hostsThen: readonly string[];
  readonly portsInUse: readonly Omit<UsedPort, "host">[];
  readonly tenant: TenantSettings | undefined;
  /** Address by which others may reach its ports. */
  readonly address: string;
}

export interface PrepareRequest extends Who {
  readonly rendered: Rendered;
  readonly placed: readonly PlacedInstance[];
  readonly pulled: readonly string[];
  readonly source: Source;
  readonly policy: UpdatePolicy;
  readonly message: string | undefined;
  readonly transaction: Transaction;
}

export interface Prepared {
  /** Whether it runs just this already, or has nothing of it to run. */
  readonly unchanged: boolean;
}

export interface SettleRequest {
  readonly application: Name;
  /** Undefined: the last one that the host knows of. */
  readonly transaction: string | undefined;
  /** Undefined: only tell. */
  readonly decision: "keep" | "back" | undefined;
}

export interface Settled {
  /** Its id. */
  readonly transaction: string | undefined;
  /** Known while it is open. */
  readonly hosts: readonly string[];
  /** `open`: not decided yet. `unknown`: this host has nothing of that transaction. */
  readonly state: "open" | "kept" | "back" | "unknown";
  /** Generation of the transaction. */
  readonly generation: number | undefined;
}
