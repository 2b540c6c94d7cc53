// SPDX-License-Identifier: Apache-2.0
import type { RenderedFile } from "../generation/model.ts";

/** An application in the files of another tool. */
export interface Export {
  /** By path below the directory that they go to. */
  readonly files: ReadonlyMap<string, RenderedFile>;
  /** What the application says and the other tool cannot be told, and what is to be done there first; one sentence each. */
  readonly notes: readonly string[];
}
