// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { isErrno } from "../../base/index.ts";
import { ostreeError } from "../errors.ts";
import type { Checksum, ObjectType, RepoMode } from "../model.ts";
import { loosePath } from "../object-path.ts";
import type { Repo } from "../repo.ts";
import type { Transaction } from "../transaction.ts";

/** Where objects are looked for: plain data, so that worker threads can be given it. */
export interface ObjectPlace {
  readonly mode: RepoMode;
  /** Laid out as `objects/`. */
  readonly directory: string;
}

/** The repository's own objects, then those of its parents. */
export function placesOfRepo(repo: Repo): ObjectPlace[] {
  const own = { mode: repo.mode, directory: join(repo.path, "objects") };
  return repo.parent ? [own, ...placesOfRepo(repo.parent)] : [own];
}

/** What the transaction has added comes first. */
export function placesOfTransaction({ repo, store }: Transaction): ObjectPlace[] {
  return [{ mode: store.mode, directory: store.staging }, ...placesOfRepo(repo)];
}

/** Calls `load` with the object's path in each place until one has it. */
export function loadObject<T>(
  places: readonly ObjectPlace[],
  checksum: Checksum,
  type: ObjectType,
  load: (path: string, mode: RepoMode) => T,
): T {
  let missing: unknown;
  for (const { mode, directory } of places) {
    try {
      return load(`${directory}/${loosePath(checksum, type, mode)}`, mode);
    } catch (error) {
      if (!isErrno(error, "ENOENT")) throw error;
      missing = error;
    }
  }
  throw ostreeError("no-such-object", `no such ${type} object ${checksum}`, { cause: missing });
}
