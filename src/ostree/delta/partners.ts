// SPDX-License-Identifier: Apache-2.0
/**
 * Which old file a new one is made from: the one at the same path, at the same path but for version numbers, or of the
 * same name elsewhere (libostree looks at names only: _ostree_delta_compute_similar_objects).
 */
import { type Checksum, isSymlinkMode } from "../model.ts";
import type { Repo } from "../repo.ts";
import type { DeltaPlan, NewFile } from "./delta-plan.ts";

/** An old file that a new one can be made from. */
export interface Partner {
  readonly checksum: Checksum;
  readonly size: number;
}

/** Files below this size do not repay the checksum of a partner. */
export const smallestPartnered = 64;
/** Old files of one name that are compared with a new one: `index.html` or `__init__.py` stand everywhere. */
const candidateLimit = 64;

const worldReadable = 0o004;

export class PartnerFinder {
  readonly #repo: Repo;
  readonly #plan: DeltaPlan;
  /** Path and name, each with numbers made alike, to the old files that have it. */
  readonly #byPath = new Map<string, string[]>();
  readonly #byName = new Map<string, string[]>();
  readonly #known = new Map<Checksum, Partner | undefined>();

  constructor(repo: Repo, plan: DeltaPlan) {
    this.#repo = repo;
    this.#plan = plan;
    for (const path of plan.old.keys()) {
      addTo(this.#byPath, withoutNumbers(path), path);
      addTo(this.#byName, withoutNumbers(baseName(path)), path);
    }
  }

  /** The old file to make `file` from; `undefined` when no name points at one. */
  find(file: NewFile): Partner | undefined {
    if (file.size < smallestPartnered) return undefined;
    return this.#usable(file.path) ?? this.#best(this.#byPath, file, file.path) ?? this.#byNameOf(file);
  }

  /**
   * An old file by checksum, if it can serve: a regular file with content that everybody may read. A host that pulls as
   * a user could not read others (generate_delta_lowlatency: check_object_world_readable).
   */
  partner(checksum: Checksum): Partner | undefined {
    if (this.#known.has(checksum)) return this.#known.get(checksum);
    const { header, size } = this.#repo.loadFile(checksum);
    const usable = !isSymlinkMode(header.mode) && (header.mode & worldReadable) !== 0 && size >= smallestPartnered;
    const partner = usable ? { checksum, size } : undefined;
    this.#known.set(checksum, partner);
    return partner;
  }

  #usable(path: string): Partner | undefined {
    const checksum = this.#plan.old.get(path);
    return checksum === undefined ? undefined : this.partner(checksum);
  }

  #byNameOf(file: NewFile): Partner | undefined {
    return this.#best(this.#byName, file, baseName(file.path));
  }

  /** Of the old files with that name: those that are gone before those that stay, then by likeness of path and size. */
  #best(names: ReadonlyMap<string, string[]>, file: NewFile, name: string): Partner | undefined {
    const candidates = (names.get(withoutNumbers(name)) ?? []).slice(0, candidateLimit).flatMap((path) => {
      const partner = this.#usable(path);
      if (!partner) return [];
      return [{ partner, gone: this.#plan.vanished.has(partner.checksum), likeness: likeness(path, file.path) }];
    });
    candidates.sort(
      (a, b) =>
        Number(b.gone) - Number(a.gone) ||
        b.likeness - a.likeness ||
        Math.abs(a.partner.size - file.size) - Math.abs(b.partner.size - file.size),
    );
    return candidates[0]?.partner;
  }
}

function addTo(map: Map<string, string[]>, key: string, path: string): void {
  const paths = map.get(key);
  if (paths) paths.push(path);
  else map.set(key, [path]);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** `lib/modules/6.12.5-amd64/a.ko` and `libc.so.6.1` are alike in all versions; so is a name that ends in a hash. */
function withoutNumbers(text: string): string {
  return text.replace(/[-.][0-9a-f]{7,}(?=[-.]|$)/g, "-#").replace(/[0-9]+([.][0-9]+)*/g, "#");
}

/** Characters that both begin and end with. */
function likeness(a: string, b: string): number {
  const limit = Math.min(a.length, b.length);
  let start = 0;
  while (start < limit && a[start] === b[start]) start++;
  let end = 0;
  while (end < limit - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return start + end;
}
