// SPDX-License-Identifier: Apache-2.0
import type { DirNode } from "../../ostree/index.ts";

/**
 * `error`: the tree will not install, not boot or is not safe to ship; `warning`: most likely not what was meant;
 * `info`: worth a look.
 */
export type Severity = "error" | "warning" | "info";

/** What a lint found. */
export interface Finding {
  readonly lint: string;
  readonly severity: Severity;
  /** Absolute path in the tree, or the file that a treefile names. */
  readonly path?: string;
  readonly text: string;
  readonly hint?: string;
}

/** The tree that is looked at. */
export interface LintedTree {
  readonly root: DirNode;
  /** Where /etc is: `usr/etc` in a commit, `etc` in a container's root. */
  readonly etc: "etc" | "usr/etc";
  /** Whether the tree was committed, with labels and without what ostree cannot keep. */
  readonly committed: boolean;
  /** Files that ostree cannot keep, found on the disk: devices, FIFOs, sockets. */
  readonly special: readonly string[];
  /** Names on the disk that are not UTF-8, as if they were Latin-1, and links whose targets are not. */
  readonly badNames: readonly string[];
}

export interface Observation {
  readonly path?: string;
  readonly text: string;
}

export interface Lint {
  readonly name: string;
  readonly severity: Severity;
  /** One sentence: what is looked for and why it is a fault. */
  readonly about: string;
  /** What to do about it. */
  readonly hint: string;
  check(tree: LintedTree): Iterable<Observation>;
}
