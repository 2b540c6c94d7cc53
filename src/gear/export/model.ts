// SPDX-License-Identifier: Apache-2.0

/** An application in the files of another tool. */
export interface Export {
  /** By path below the directory that they go to. */
  readonly files: ReadonlyMap<string, string>;
  /** What the application says and the other tool cannot be told, and what is to be done there first; one sentence each. */
  readonly notes: readonly string[];
}
