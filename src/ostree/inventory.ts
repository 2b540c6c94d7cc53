// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { listDirectory, unlessErrno } from "../base/index.ts";
import { ChecksumSet } from "./checksum-set.ts";
import type { Checksum, ObjectType } from "./model.ts";
import { parseLoose } from "./object-path.ts";
import type { Repo } from "./repo.ts";

const prefixPattern = /^[0-9a-f]{2}$/;

/** The two-digit directories that a repository has. */
export function listPrefixes(repo: Repo): string[] {
  return listDirectory(join(repo.path, "objects")).filter((name) => prefixPattern.test(name));
}

/** The loose objects of a repository as one reading of its directories found them. */
export class Inventory {
  readonly #types = new Map<ObjectType, ChecksumSet>();

  /** @param wanted says of file names whether they are of interest */
  static read(repo: Repo, wanted: (name: string) => boolean = () => true): Inventory {
    const inventory = new Inventory();
    for (const prefix of listPrefixes(repo)) {
      const names = unlessErrno(["ENOENT"], () => readdirSync(join(repo.path, "objects", prefix)));
      if (names) inventory.add(prefix, names.filter(wanted));
    }
    return inventory;
  }

  /** @param names of the files in a two-digit directory; those that are no objects are passed over */
  add(prefix: string, names: readonly string[]): void {
    for (const name of names) {
      const object = parseLoose(prefix, name);
      if (object) this.#ofType(object.type).add(object.checksum);
    }
  }

  has(checksum: Checksum, type: ObjectType): boolean {
    return this.of(type).has(checksum);
  }

  of(type: ObjectType): ChecksumSet {
    return this.#types.get(type) ?? new ChecksumSet();
  }

  #ofType(type: ObjectType): ChecksumSet {
    let found = this.#types.get(type);
    if (!found) this.#types.set(type, (found = new ChecksumSet()));
    return found;
  }
}
