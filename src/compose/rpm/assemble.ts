// SPDX-License-Identifier: Apache-2.0
/** Unites the files of RPM packages in one tree, as rpm-ostree checks them out one upon the other. */
import type { DirNode, FileNode, TreeNode } from "../../ostree/index.ts";
import type { RpmFileInfo } from "../../packages/index.ts";
import { type FilePlace, FileOwners } from "../file-owners.ts";
import {
  followSymlinks,
  isSymlink,
  lookup,
  makeDirectoryNode,
  makeSymlinkNode,
  plainDirectory,
  put,
  sameFile,
  sameObject,
} from "../tree.ts";
import { isGhost, type TreeRpm } from "./package.ts";
import { translatePath } from "./translate.ts";

export interface AssembleOptions {
  /** What of a package stays out of the tree; of a directory, all that is below it too. */
  readonly filter: (one: TreeRpm) => (file: RpmFileInfo) => boolean;
  /** The tree to begin with; what it has, packages do not replace. */
  readonly start?: DirNode;
  /** Files of the tree to begin with that are others' are in the way, unless the package may win over them; says whose they are. */
  readonly present?: { ownerOf(path: string): string; gives(one: TreeRpm): boolean };
  /** ELF classes that the machine can run: 2 for 64 bits, 3 for both, 0 for "it does not matter" (rpmtsColor). */
  readonly color: number;
}

export interface AssembledRpms {
  /** /etc is /usr/etc in it. */
  readonly tree: DirNode;
  /** Paths of each package, as it has them itself, that the tree does not have on purpose. */
  readonly skipped: ReadonlyMap<TreeRpm, ReadonlySet<string>>;
}

/** Of two files of different ELF classes at one path, that of 64 bits stays (%_prefer_color). */
const preferredColor = 2;

/** @param packages in the order of their installation */
export function assembleRpms(packages: readonly TreeRpm[], options: AssembleOptions): AssembledRpms {
  const assembler = new Assembler(options);
  for (const one of checkoutOrder(packages)) assembler.add(one);
  return { tree: assembler.tree, skipped: assembler.skipped };
}

/** `filesystem` first: its links of a merged /usr must be there before anything goes below them. */
function checkoutOrder(packages: readonly TreeRpm[]): TreeRpm[] {
  const first = packages.filter(({ name }) => name === "filesystem");
  return [...first, ...packages.filter(({ name }) => name !== "filesystem")];
}

interface Place extends FilePlace {
  readonly one: TreeRpm;
}

class Assembler {
  readonly tree: DirNode;
  readonly skipped = new Map<TreeRpm, Set<string>>();
  readonly #options: AssembleOptions;
  readonly #owners = new FileOwners<Place & { readonly color: number }>();

  constructor(options: AssembleOptions) {
    this.#options = options;
    this.tree = options.start ?? makeDirectoryNode();
  }

  add(one: TreeRpm): void {
    this.skipped.set(one, this.#leftOut(one));
    const files = new Map(one.head.table.files.map((file) => [`/${translatePath(file.path.slice(1))}`, file]));
    this.#merge(this.tree, one.data, { one, written: "", real: "" }, files);
    const provides = one.head.dependencies("provides").some(({ name }) => name === "filesystem(merged-sbin)");
    if (one.name === "filesystem" && provides && !lookup(this.tree, "usr/sbin"))
      put(this.tree, "usr/sbin", makeSymlinkNode("bin"));
  }

  #merge(into: DirNode, from: DirNode, at: Place, files: ReadonlyMap<string, RpmFileInfo>): void {
    const { one } = at;
    for (const [name, node] of from.entries) {
      const translated = `${at.written}/${name}`;
      const file = files.get(translated);
      const place = { one, written: translated, real: `${at.real}/${name}` };
      if (this.skipped.get(one)?.has(file?.path ?? "") === true) continue;
      if (node.kind === "dir") this.#mergeDirectory(into, name, node, place, files);
      else this.#mergeFile(into, name, node, place, file?.color ?? 0);
    }
  }

  #leftOut(one: TreeRpm): Set<string> {
    const isFiltered = this.#options.filter(one);
    const left = new Set<string>();
    const foreign = (color: number) => this.#options.color !== 0 && color !== 0 && (this.#options.color & color) === 0;
    for (const file of one.head.table.files) if (foreign(file.color) || isFiltered(file)) left.add(file.path);
    for (const { path } of left.size === 0 ? [] : one.head.table.files) {
      for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
        if (left.has(path.slice(0, at))) left.add(path);
      }
    }
    return left;
  }

  #mergeDirectory(
    into: DirNode,
    name: string,
    node: DirNode,
    place: Place,
    files: ReadonlyMap<string, RpmFileInfo>,
  ): void {
    const existing = into.entries.get(name);
    if (existing === undefined) {
      const fresh = makeDirectoryNode(node.meta);
      into.entries.set(name, fresh);
      this.#merge(fresh, node, place, files);
      // A directory that no package lists is there for what is in it (lib/transaction.c, `skipInstallFiles`).
      if (fresh.entries.size === 0 && node.entries.size > 0 && !files.has(place.written)) into.entries.delete(name);
    } else if (existing.kind === "dir") {
      // The last package that lists a directory sets its mode, as rpm's own unpacking does; one made up on the way not.
      if (files.has(place.written)) existing.meta = node.meta;
      this.#merge(existing, node, place, files);
    } else if (isSymlink(existing)) {
      this.#mergeThroughLink(node, place, files);
    } else {
      throw this.#owners.conflict(place, "a file there, a directory here");
    }
  }

  /** A directory of a package goes where a link of that name leads: /lib64 of a merged /usr. */
  #mergeThroughLink(node: DirNode, place: Place, files: ReadonlyMap<string, RpmFileInfo>): void {
    const real = followSymlinks(this.tree, place.real);
    const target = real === undefined ? undefined : lookup(this.tree, real);
    if (real === undefined || target?.kind === "file")
      throw this.#owners.conflict(place, "a link to a file there, a directory here");
    if (target === undefined) put(this.tree, real, makeDirectoryNode(plainDirectory));
    const directory = lookup(this.tree, real);
    if (directory?.kind === "dir") this.#merge(directory, node, { ...place, real: `/${real}` }, files);
  }

  #mergeFile(into: DirNode, name: string, node: FileNode, place: Place, color: number): void {
    const existing = into.entries.get(name);
    if (existing !== undefined && !this.#takesOver(existing, node, place, color)) return;
    into.entries.set(name, node);
    this.#owners.set(place.real, { ...place, color });
  }

  /** Whether the file goes in place of the one that is there: OSTREE_REPO_CHECKOUT_OVERWRITE_UNION_IDENTICAL. */
  #takesOver(existing: TreeNode, node: FileNode, place: Place, color: number): boolean {
    if (existing.kind === "dir") throw this.#owners.conflict(place, "a directory there, a file here");
    const owner = this.#owners.get(place.real);
    if (owner === undefined) return this.#takesOverPresent(existing, node, place);
    if (sameObject(existing, node)) return false;
    // handle_file_dispositions, as librpm's handleColorConflict
    if (owner.color !== 0 && color !== 0 && owner.color !== color) {
      const wins = (color & preferredColor) !== 0 && (owner.color & preferredColor) === 0;
      const loser = wins ? owner : place;
      this.skipped.get(loser.one)?.add(loser.written);
      return wins;
    }
    // `setup` is checked out with ADD_FILES: what is there stays (passwd of a previous release).
    if (place.one.name === "setup") return false;
    throw this.#owners.conflict(place, "other content, mode or owner");
  }

  #takesOverPresent(existing: FileNode, node: FileNode, place: Place): boolean {
    const { present } = this.#options;
    if (present === undefined || place.one.name === "setup" || sameFile(existing, node)) return false;
    if (present.gives(place.one)) return true;
    throw this.#owners.conflict(place, "other content, mode or owner", present.ownerOf(place.written));
  }
}

/** Files that the tree has of a package, by the paths of the package. */
export function filesInTree(one: TreeRpm, skipped: ReadonlySet<string>): RpmFileInfo[] {
  return one.head.table.files.filter((file) => !isGhost(file) && !skipped.has(file.path));
}
