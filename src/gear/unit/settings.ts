// SPDX-License-Identifier: Apache-2.0
import type { EngineKind } from "../engine/model.ts";
import type { Pins } from "../generation/model.ts";
import type { Application } from "../model.ts";
import type { Instance } from "../plan/model.ts";

export interface RenderSettings {
  readonly engine: EngineKind;
  readonly pins: Pins;
  /** Of the application's tenant; undefined for an application that has none. */
  readonly tenant: TenantSettings | undefined;
}

/** What units need to know of a tenant. */
export interface TenantSettings {
  /** Level of SELinux that all of its containers run at, `s0:c100,c200`; undefined has the engine choose. */
  readonly level: string | undefined;
  /** Users and groups of the host that those of its containers are; undefined are the host's own. */
  readonly users: { readonly first: number; readonly count: number } | undefined;
  /** Instance of systemd-journald that its units log to, systemd.exec(5) LogNamespace=. */
  readonly logNamespace: string | undefined;
  /** Messages that this takes of one service in 30 seconds; undefined is journald's default. */
  readonly logRateLimit: number | undefined;
}

/** One host's part of an application, which all renderers of this folder see. */
export interface Scene extends RenderSettings {
  readonly application: Application;
  /** Those of the host. */
  readonly instances: readonly Instance[];
}
