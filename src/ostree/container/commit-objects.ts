// SPDX-License-Identifier: Apache-2.0
import type { Checksum } from "../model.ts";
import type { Repo } from "../repo.ts";

/** A content object of a commit and where it stands in it. */
export interface PlacedObject {
  /** Bytes of its content. */
  readonly size: number;
  /** Absolute, in the order of the tree. */
  readonly paths: string[];
}

export type PlacedObjects = Map<Checksum, PlacedObject>;

/** All content objects of a commit, and the metadata of its directories by path. */
export function commitObjects(
  repo: Repo,
  commit: Checksum,
): { objects: PlacedObjects; directories: Map<string, Checksum> } {
  const objects: PlacedObjects = new Map();
  const directories = new Map<string, Checksum>();
  const walk = (tree: Checksum, meta: Checksum, path: string) => {
    directories.set(path, meta);
    const { files, dirs } = repo.loadDirTree(tree);
    for (const { name, checksum } of files) {
      const known = objects.get(checksum);
      if (known === undefined)
        objects.set(checksum, { size: repo.loadFile(checksum).size, paths: [`${path}/${name}`] });
      else known.paths.push(`${path}/${name}`);
    }
    for (const child of dirs) walk(child.tree, child.meta, `${path}/${child.name}`);
  };
  const root = repo.loadCommit(commit);
  walk(root.tree, root.meta, "");
  return { objects, directories };
}
