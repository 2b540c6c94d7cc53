// SPDX-License-Identifier: Apache-2.0
/**
 * Labels of an image that say how it wants to be installed, run, stopped and uninstalled, as Project Atomic's `atomic` and
 * `podman container runlabel` have them. Their text is somebody else's: it becomes one command of the container engine with
 * that very image, or is refused.
 */
import type { EngineKind } from "../engine/model.ts";
import type { AskedPermission } from "../permission.ts";

export const labelVerbs = ["INSTALL", "RUN", "STOP", "UNINSTALL"] as const;
export type LabelVerb = (typeof labelVerbs)[number];

/** What stands for the variables of a label. */
export interface LabelSubject {
  /** As it was named; so does the label name it. */
  readonly image: string;
  /** Of the image whose label was read: that one is run, wherever its name leads by then. */
  readonly id: string;
  /** Of the container. */
  readonly name: string;
  readonly engine: EngineKind;
  /** Values of OPT1, OPT2 and OPT3. */
  readonly options: readonly string[];
  /** Who asks, by sudo(8). */
  readonly user: { readonly uid: string; readonly gid: string };
  readonly directory: string;
  /** Without one, `--tty` is left out. */
  readonly terminal: boolean;
}

export interface LabelCommand {
  readonly verb: LabelVerb;
  readonly image: string;
  readonly name: string;
  /** As it stands in the image; undefined where it has none and what is usual is done. */
  readonly text: string | undefined;
  /** The engine's program and its arguments, whole and exact: no shell has a part in it. */
  readonly command: readonly string[];
  readonly asked: readonly AskedPermission[];
}
