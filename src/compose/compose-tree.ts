// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, silent } from "../base/index.ts";
import { build } from "./build.ts";
import { writeTreeCommit } from "./commit.ts";
import { finalizeTree } from "./finalize.ts";
import { installTree, postprocessTree } from "./finish.ts";
import { versionOf } from "./gather.ts";
import { describeDeployment } from "./layout/describe.ts";
import type { ComposeOptions, ComposeResult } from "./model.ts";
import { incomplete } from "./resolve.ts";

/** Composes a treefile's tree and commits it. */
export async function composeTree(
  options: ComposeOptions,
  progress: ProgressListener = silent,
): Promise<ComposeResult> {
  const { treefile, repo } = options;
  if (treefile.ref === undefined) throw incomplete(treefile, "ref", "ref: debian/13/${basearch}/container-host");
  const { inputs, made } = await build(options, progress, async ({ format, inputs, workspace, timestamp, version }) => {
    const release = version === undefined ? {} : { version };
    const installed = await installTree(workspace, inputs.installable, options, format, progress);
    await postprocessTree(workspace, installed, { treefile, ...release }, format, progress);
    const tree = await finalizeTree(installed, workspace, treefile, progress);
    const composed = { tree, layout: describeDeployment(tree, treefile), timestamp, ...release };
    return writeTreeCommit(options, { ...inputs, inputHashKey: format.inputHashKey }, composed, progress);
  });
  const { ids, hash, changed, previous } = inputs;
  const summary = { ref: treefile.ref, packages: ids, inputHash: hash, changed };
  if (made !== undefined) return { ...summary, ...made, ...versionOf(repo, made.commit) };
  if (changed || previous === undefined) return summary;
  return { ...summary, commit: previous, ...versionOf(repo, previous) };
}
