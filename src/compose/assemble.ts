// SPDX-License-Identifier: Apache-2.0
/** Unites the files of the packages in one tree, as dpkg would unpack them into an empty root. */
import type { DirNode, FileNode, TreeNode } from "../ostree/index.ts";
import { type FilePlace, FileOwners } from "./file-owners.ts";
import {
  followSymlinks,
  isSymlink,
  lookup,
  lookupDirectory,
  makeDirectoryNode,
  plainDirectory,
  put,
  sameFile,
  sameObject,
} from "./tree.ts";

export interface PackageFiles {
  /** For messages and filters. */
  readonly name: string;
  readonly data: DirNode;
  /** Whether this package declares that it takes files over from another. */
  replaces(other: string): boolean;
  /** Paths that do not go into the tree. */
  filter(path: string): boolean;
}

export interface AssembledTree {
  readonly tree: DirNode;
  /** Paths of each package, as dpkg lists them; those taken over by another package left out. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
}

/** A tree that has packages already. */
export interface PresentTree {
  readonly tree: DirNode;
  /** The package that has a file, which may be listed by another spelling of its path. */
  ownerOf(paths: readonly string[]): PresentOwner | undefined;
}

export interface PresentOwner {
  readonly name: string;
  replaces(other: string): boolean;
  /** The file belongs to another package from now on. */
  lose(paths: readonly string[]): void;
}

/** @param packages the one that brings the links of a merged /usr (base-files) first, as `orderForUnpack` gives them */
export function assemble(packages: readonly PackageFiles[], present?: PresentTree): AssembledTree {
  const assembler = new Assembler(present);
  for (const one of packages) assembler.add(one);
  return { tree: assembler.tree, lists: assembler.lists() };
}

class Assembler {
  readonly tree: DirNode;
  readonly #present: PresentTree | undefined;
  readonly #owners = new FileOwners<Place>();
  readonly #listed: { readonly name: string; readonly paths: Set<string> }[] = [];

  constructor(present: PresentTree | undefined) {
    this.#present = present;
    this.tree = present?.tree ?? makeDirectoryNode();
  }

  add(one: PackageFiles): void {
    const paths = new Set<string>();
    this.#listed.push({ name: one.name, paths });
    this.#merge(this.tree, one.data, { one, paths, written: "", real: "" });
  }

  lists(): Map<string, string[]> {
    return new Map(this.#listed.map(({ name, paths }) => [name, ["/.", ...paths]]));
  }

  #merge(into: DirNode, from: DirNode, at: Place): void {
    for (const [name, node] of from.entries) {
      const written = `${at.written}/${name}`;
      if (at.one.filter(written)) continue;
      const place = { ...at, written, real: `${at.real}/${name}` };
      if (node.kind === "dir") this.#mergeDirectory(into, name, node, place);
      else this.#mergeFile(into, name, node, place);
    }
  }

  #mergeDirectory(into: DirNode, name: string, node: DirNode, place: Place): void {
    const { paths, written } = place;
    const existing = into.entries.get(name);
    if (existing === undefined) {
      const fresh = makeDirectoryNode(node.meta);
      into.entries.set(name, fresh);
      paths.add(written);
      this.#merge(fresh, node, place);
    } else if (existing.kind === "dir") {
      // The first package's mode stays (dpkg tarobject: an existing directory is left as it is), but a plain
      // one made up on the way gives way to one that was meant.
      if (existing.meta === plainDirectory) existing.meta = node.meta;
      paths.add(written);
      this.#merge(existing, node, place);
    } else if (isSymlink(existing)) {
      this.#mergeThroughLink(node, place);
    } else {
      throw this.#owners.conflict(place, "a directory there, a file here");
    }
  }

  /** A directory of a package goes where a link of that name leads (dpkg's rule for links to directories). */
  #mergeThroughLink(node: DirNode, place: Place): void {
    const real = followSymlinks(this.tree, place.real);
    const target = real === undefined ? undefined : lookup(this.tree, real);
    if (real === undefined || target?.kind === "file")
      throw this.#owners.conflict(place, "a link to a file there, a directory here");
    if (target === undefined) put(this.tree, real, makeDirectoryNode(node.meta));
    const directory = lookupDirectory(this.tree, real);
    place.paths.add(place.written);
    if (directory) this.#merge(directory, node, { ...place, real: `/${real}` });
  }

  #mergeFile(into: DirNode, name: string, node: FileNode, place: Place): void {
    const existing = into.entries.get(name);
    const owner = this.#owners.get(place.real);
    place.paths.add(place.written);
    if (existing !== undefined && !this.#takesOver(existing, node, owner, place)) return;
    into.entries.set(name, node);
    this.#owners.set(place.real, place);
  }

  /** Whether the new file goes in place of the one that is there; an error when neither may. */
  #takesOver(existing: TreeNode, node: FileNode, owner: Place | undefined, place: Place): boolean {
    if (existing.kind === "dir") {
      // A link in place of a directory that another package has: the directory stays (dpkg tarobject).
      if (isSymlink(node)) return false;
      throw this.#owners.conflict(place, "a directory there, a file here");
    }
    if (owner === undefined) return this.#takesOverPresent(existing, node, place);
    if (sameObject(existing, node)) return false;
    const [winner, loser] = place.one.replaces(owner.one.name) ? [place, owner] : [owner, place];
    if (!winner.one.replaces(loser.one.name)) throw this.#owners.conflict(place, "other content");
    loser.paths.delete(loser.written);
    return winner === place;
  }

  /** As dpkg does with a file of an installed package; what no package has gives way. */
  #takesOverPresent(existing: FileNode, node: FileNode, place: Place): boolean {
    if (this.#present === undefined || sameFile(existing, node)) return false;
    const paths = [place.written, place.real];
    const owner = this.#present.ownerOf(paths);
    if (owner === undefined) return true;
    if (place.one.replaces(owner.name)) {
      owner.lose(paths);
      return true;
    }
    if (!owner.replaces(place.one.name)) throw this.#owners.conflict(place, "other content", owner.name);
    place.paths.delete(place.written);
    return false;
  }
}

interface Place extends FilePlace {
  readonly one: PackageFiles;
  readonly paths: Set<string>;
}
