// SPDX-License-Identifier: Apache-2.0
import { escapeSpecifiers, quoteUnitWord } from "../../../formats/index.ts";
import type { Application } from "../../model.ts";
import type { Instance } from "../../plan/model.ts";

export interface QuadletScene {
  readonly application: Application;
  /** Those of the host. */
  readonly instances: readonly Instance[];
  readonly notes: Set<string>;
}

/**
 * A value that comes into the generated ExecStart= as one word: systemd puts nothing in for `%` and `$` of it
 * (systemd.unit(5), "Specifiers"; systemd.service(5), "Command lines"). The generator quotes it, and leaves both alone.
 */
export function value(text: string): string {
  return escapeSpecifiers(text).replaceAll("$", "$$$$");
}

/** A word of a list that the generator splits. */
export function word(text: string): string {
  return quoteUnitWord(value(text));
}
