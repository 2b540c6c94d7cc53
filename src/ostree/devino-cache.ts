// SPDX-License-Identifier: Apache-2.0
import { lstatSync, type Stats } from "node:fs";
import { join } from "node:path";
import { listDirectory } from "../base/index.ts";
import type { Checksum } from "./model.ts";
import type { Repo } from "./repo.ts";
import { type FileNode, objectFile } from "./tree.ts";

export interface DevinoOptions {
  /** Take a file that is a hard link of an object for that object, without a look at its owner and mode (`-I`). */
  readonly canonical?: boolean;
  /** Modifiers will change files: what the object says of the file must then be what the disk says. */
  readonly modified?: boolean;
}

/**
 * Knows by device and inode which files are hard links of a repository's objects, as a checkout makes them
 * (ostree_repo_scan_hardlinks).
 */
export class DevinoCache {
  readonly #repo: Repo;
  readonly #options: DevinoOptions;
  readonly #objects = new Map<string, Checksum>();

  constructor(repo: Repo, options: DevinoOptions = {}) {
    this.#repo = repo;
    this.#options = options;
    for (let scanned: Repo | undefined = repo; scanned; scanned = scanned.parent) {
      this.#scan(join(scanned.path, scanned.mode === "archive" ? "uncompressed-objects-cache" : "objects"));
    }
  }

  /** The object that the file is a link of, as a node for the tree; `undefined` for any other file. */
  find(stat: Stats): FileNode | undefined {
    // Whatever is linked into a checkout has a link in the repository as well.
    const checksum = stat.nlink > 1 ? this.#objects.get(inodeKey(stat)) : undefined;
    if (checksum === undefined) return undefined;
    const { canonical, modified } = this.#options;
    // A checkout of an archive has lost owners and attributes: with modifiers it is what the disk says.
    if (!canonical && modified && this.#repo.mode === "archive") return undefined;
    const node = objectFile(this.#repo, checksum);
    node.linked = true;
    if (canonical) node.asIs = true;
    return node;
  }

  #scan(directory: string): void {
    for (const prefix of listDirectory(directory)) {
      if (!/^[0-9a-f]{2}$/.test(prefix)) continue;
      for (const name of listDirectory(join(directory, prefix))) {
        if (!/^[0-9a-f]{62}\.file$/.test(name)) continue;
        const stat = lstatSync(`${directory}/${prefix}/${name}`);
        if (stat.nlink > 1) this.#objects.set(inodeKey(stat), (prefix + name.slice(0, 62)) as Checksum);
      }
    }
  }
}

function inodeKey({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}
