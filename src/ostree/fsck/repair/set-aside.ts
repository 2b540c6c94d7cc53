// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, renameSync, rmdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { listDirectory, unlessErrno } from "../../../base/index.ts";
import { looseExists, loosePath, parseLoose } from "../../object-path.ts";
import type { Repo } from "../../repo.ts";
import type { FsckFinding } from "../model.ts";

/**
 * Damaged objects wait in `state/damaged` until there are better ones: what cannot be replaced is put back, for a damaged
 * file may still be worth more than none. A repair that was cut short leaves them there for the next.
 */
export class DamagedObjects {
  readonly #repo: Repo;
  readonly #directory: string;

  constructor(repo: Repo) {
    this.#repo = repo;
    this.#directory = join(repo.path, "state/damaged");
    this.putBack();
  }

  setAside(findings: readonly FsckFinding[]): void {
    mkdirSync(this.#directory, { recursive: true });
    for (const { checksum, type } of findings) {
      const path = this.#repo.objectPath(checksum, type);
      const name = loosePath(checksum, type, this.#repo.mode).replace("/", "");
      unlessErrno(["ENOENT"], () => renameSync(path, join(this.#directory, name)));
    }
  }

  /** Ends the repair: what has been replaced is deleted, the rest gets its place back. */
  putBack(): void {
    for (const name of listDirectory(this.#directory)) {
      const object = parseLoose(name.slice(0, 2), name.slice(2));
      if (!object) continue;
      const path = this.#repo.objectPath(object.checksum, object.type);
      const aside = join(this.#directory, name);
      if (looseExists(path, object.type, this.#repo.mode)) unlinkSync(aside);
      else renameSync(aside, path);
    }
    unlessErrno(["ENOENT", "ENOTEMPTY"], () => rmdirSync(this.#directory));
  }

  /** The damaged file of an object: parts of it may be good. */
  pathOf({ checksum, type }: FsckFinding): string {
    return join(this.#directory, loosePath(checksum, type, this.#repo.mode).replace("/", ""));
  }
}
