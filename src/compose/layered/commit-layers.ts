// SPDX-License-Identifier: Apache-2.0
import { type Checksum, type DirNode, Transaction, writeCommit, writeTree } from "../../ostree/index.ts";
import { describeDeployment } from "../layout/describe.ts";
import { layeredMetadata } from "./metadata.ts";
import type { LayerChoice, LayerOptions } from "./model.ts";

/** The time is the base's: the same input makes the same commit. */
export async function commitLayers(
  options: LayerOptions,
  { tree, choice, state }: { readonly tree: DirNode; readonly choice: LayerChoice; readonly state: string },
): Promise<Checksum> {
  const { repo, base } = options;
  // A base without labels stays without, whatever policy it has.
  const { xattrs } = repo.loadDirMeta(repo.loadCommit(base).meta);
  const selinux = xattrs.some(({ name }) => name === "security.selinux");
  const { label, kernel } = describeDeployment(tree, { container: false, selinux });
  using transaction = Transaction.begin(repo);
  const written = await writeTree(repo, tree, { transaction, ...(label && { label }) });
  const checksum = writeCommit(repo, {
    tree: written.tree,
    meta: written.meta,
    parent: base,
    timestamp: repo.loadCommit(base).timestamp,
    metadata: layeredMetadata(options, choice, state, kernel),
    transaction,
  });
  transaction.commit();
  return checksum;
}
