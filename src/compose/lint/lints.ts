// SPDX-License-Identifier: Apache-2.0
import { accountLints } from "./accounts.ts";
import { deploymentLints } from "./deployment.ts";
import { fileLints } from "./files.ts";
import { kernelLints } from "./kernel.ts";
import type { Lint } from "./model.ts";
import { repositoryLints } from "./repositories.ts";
import { stateLints } from "./state.ts";
import { treefileLints } from "./treefile.ts";

/**
 * All lints of trees, by name. Those that bootc's `container lint` has are called as they are there
 * (bootc crates/lib/src/lints.rs).
 */
export const lints: readonly Lint[] = [
  ...deploymentLints,
  ...kernelLints,
  ...accountLints,
  ...stateLints,
  ...fileLints,
].toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** All that `compose lint --list` tells of and `--skip` takes: lints of trees, then those of treefiles. */
export const allLints: readonly Omit<Lint, "check">[] = [...lints, ...treefileLints, ...repositoryLints];
