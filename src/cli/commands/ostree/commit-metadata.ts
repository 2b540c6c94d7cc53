// SPDX-License-Identifier: Apache-2.0
/** The metadata of a commit, in stock's order: options, bindings, what --bootable finds (ot-builtin-commit.c). */
import type { Variant } from "../../../formats/index.ts";
import { bootableMetadata, type Checksum, type DirNode, refBinding, type Repo } from "../../../ostree/index.ts";
import type { Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { stringEntries, variantEntries } from "./variant-value.ts";

type Metadata = Map<string, Variant>;

/** What the options say; the parent gives what is kept. */
export function optionMetadata(invocation: Invocation, repo: Repo, parent: Checksum | undefined): Metadata {
  const kept = invocation.values("keep-metadata");
  if (kept.length > 0 && parent === undefined) {
    throw cliError("usage", "Either --branch or --parent must be specified when using --keep-metadata");
  }
  const metadata: Metadata = new Map([
    ...stringEntries(invocation.values("add-metadata-string")),
    ...variantEntries(invocation.values("add-metadata")),
  ]);
  const old = kept.length > 0 && parent !== undefined ? repo.loadCommit(parent).metadata : undefined;
  for (const key of kept) {
    const value = old?.get(key);
    if (!value) throw cliError("usage", `Missing metadata key '${key}' from commit '${parent}'`);
    metadata.set(key, value);
  }
  if (metadata.has("")) throw cliError("usage", "Empty metadata key");
  return metadata;
}

/** Adds what follows from the branch and the tree. */
export function addTreeMetadata(invocation: Invocation, repo: Repo, metadata: Metadata, tree: DirNode): void {
  if (!invocation.flag("no-bindings")) addBindings(invocation, repo, metadata);
  if (!invocation.flag("bootable")) return;
  for (const [key, value] of bootableMetadata(tree)) metadata.set(key, value);
}

/** fill_bindings */
function addBindings(invocation: Invocation, repo: Repo, metadata: Metadata): void {
  const branch = invocation.value("branch");
  const refs = [...(branch === undefined ? [] : [branch]), ...invocation.values("bind-ref")];
  metadata.set(...refBinding(refs));
  const collectionId = repo.config.get("core", "collection-id");
  if (collectionId !== undefined && !metadata.has("ostree.collection-binding")) {
    metadata.set("ostree.collection-binding", { type: "s", value: collectionId });
  }
}
