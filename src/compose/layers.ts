// SPDX-License-Identifier: Apache-2.0
/** `ostree-layers` and `ostree-override-layers`: trees of refs that are laid over the packages. */
import { type Checksum, type DirNode, type FileNode, readTree, type Repo, type TreeNode } from "../ostree/index.ts";
import { composeError } from "./errors.ts";
import { ensureDirectory, followSymlinks, lookup, lookupDirectory, makeDirectoryNode, put, sameFile } from "./tree.ts";
import type { Treefile } from "./treefile/model.ts";

export interface TreeLayer {
  readonly ref: string;
  readonly commit: Checksum;
  readonly repo: Repo;
  /** Whether its files win; otherwise a file that is there already must be the same. */
  readonly overrides: boolean;
}

/** The layers of a treefile, in the order in which they are laid on. */
export function findLayers({ path, ostreeLayers, ostreeOverrideLayers }: Treefile, repo: Repo): TreeLayer[] {
  const layer = (overrides: boolean) => (ref: string) => {
    const commit = repo.tryResolve(ref);
    if (commit !== undefined) return { ref, commit, repo, overrides };
    throw composeError("missing-layer", `${path}: ${ref} is not in ${repo.path}`, {
      hint: "commit it there first, or name another repository with --layer-repo",
    });
  };
  return [...ostreeLayers.map(layer(false)), ...ostreeOverrideLayers.map(layer(true))];
}

/** What layers add to the input hash: their content in its order, whatever the refs are called. */
export function layerIdentities(layers: readonly TreeLayer[]): string[] {
  return layers.map(({ repo, commit, overrides }, at) => {
    const { tree, meta } = repo.loadCommit(commit);
    return `layer ${at} ${overrides} ${tree} ${meta}`;
  });
}

/**
 * Lays layers over a tree whose packages are unpacked and whose scripts have not run (rpmostree-core.cxx
 * `process_ostree_layers`: a checkout with OVERWRITE_UNION_IDENTICAL, of overriding layers UNION_FILES). Directories that
 * are there keep their modes.
 */
export function applyLayers(tree: DirNode, layers: readonly TreeLayer[]): void {
  for (const layer of layers) {
    const root = readTree(layer.repo, layer.commit);
    // The tree is not yet a deployment: its configuration is in /etc.
    const defaults = lookupDirectory(root, "usr/etc");
    if (defaults) {
      lookupDirectory(root, "usr")?.entries.delete("etc");
      layOver(tree, "etc", defaults, layer);
    }
    for (const [name, node] of root.entries) layOver(tree, name, node, layer);
  }
}

function layOver(tree: DirNode, path: string, node: TreeNode, layer: TreeLayer): void {
  if (node.kind === "file") {
    layFile(tree, path, node, layer);
    return;
  }
  // A directory goes where a link of its name leads: /lib to /usr/lib.
  const real = followSymlinks(tree, path) ?? path;
  const existing = lookup(tree, real);
  if (existing?.kind === "file") throw conflict(path, layer, "a file there, a directory here");
  if (existing === undefined) put(tree, real, makeDirectoryNode(node.meta));
  else ensureDirectory(tree, real);
  for (const [name, child] of node.entries) layOver(tree, `${real}/${name}`, child, layer);
}

function layFile(tree: DirNode, path: string, node: FileNode, layer: TreeLayer): void {
  const existing = lookup(tree, path);
  if (existing?.kind === "dir") throw conflict(path, layer, "a directory there, a file here");
  if (existing !== undefined && !layer.overrides && !sameFile(existing, node)) {
    throw conflict(path, layer, "other content");
  }
  put(tree, path, node);
}

function conflict(path: string, { ref }: TreeLayer, difference: string) {
  return composeError("file-conflict", `/${path} is in a package or an earlier layer and in ${ref} (${difference})`, {
    hint: "put the ref into ostree-override-layers if its files are meant to win",
  });
}
