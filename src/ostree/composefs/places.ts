// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { isErrno } from "../../base/index.ts";
import { ostreeError } from "../errors.ts";
import type { Checksum, ObjectType, RepoMode } from "../model.ts";
import { loosePath } from "../object-path.ts";
import type { Repo } from "../repo.ts";
import type { Transaction } from "../transaction.ts";

/** Where objects are looked for: plain data, so that worker threads can be given it. */
export interface ObjectPlaces {
  readonly mode: RepoMode;
  /** Laid out as `objects/`. */
  readonly directories: readonly string[];
}

export function placesOfRepo(repo: Repo): ObjectPlaces {
  return { mode: repo.mode, directories: [join(repo.path, "objects")] };
}

/** The repository's objects and those that the transaction has added. */
export function placesOfTransaction({ store }: Transaction): ObjectPlaces {
  return { mode: store.mode, directories: [store.staging, store.objects] };
}

/** Calls `load` with the object's path in each place until one has it. */
export function loadObject<T>(
  { mode, directories }: ObjectPlaces,
  checksum: Checksum,
  type: ObjectType,
  load: (path: string) => T,
): T {
  const path = loosePath(checksum, type, mode);
  let missing: unknown;
  for (const directory of directories) {
    try {
      return load(`${directory}/${path}`);
    } catch (error) {
      if (!isErrno(error, "ENOENT")) throw error;
      missing = error;
    }
  }
  throw ostreeError("no-such-object", `no such ${type} object ${checksum}`, { cause: missing });
}
