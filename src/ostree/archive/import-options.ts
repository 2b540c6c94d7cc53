// SPDX-License-Identifier: Apache-2.0
import type { ProgressListener } from "../../base/index.ts";
import type { CommitModifiers } from "../modifiers.ts";
import type { StatOverride } from "../stat-override.ts";

export interface ImportArchiveOptions extends CommitModifiers {
  /** Changes of modes by path; those of kind `add` are taken from the map when met. */
  readonly overrides?: Map<string, StatOverride>;
  /** Paths to leave out; taken from the set when met. */
  readonly skipped?: Set<string>;
  /** Make directories that the archive does not have, with the owner of what is in them. */
  readonly autocreateParents?: boolean;
  /** Gives another name to an entry; the path is relative, without a leading slash. */
  renamePath?(path: string): string;
  readonly workers?: number;
  readonly progress?: ProgressListener;
}
