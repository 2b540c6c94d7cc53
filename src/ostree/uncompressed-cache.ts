// SPDX-License-Identifier: Apache-2.0
/** Plain copies of an archive's files, to be hard-linked into checkouts (checkout_object_for_uncompressed_cache). */
import { accessSync, constants, linkSync, lstatSync, mkdirSync, rmSync, unlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { listDirectory, lstatIfExists, temporaryName, unlessErrno } from "../base/index.ts";
import { writeCheckedOut } from "./checkout-copy.ts";
import type { LoadedFile } from "./load-content.ts";
import { type Checksum, isSymlinkMode } from "./model.ts";
import { loosePath } from "./object-path.ts";
import type { Repo } from "./repo.ts";

export class UncompressedCache {
  readonly #repo: Repo;
  readonly #directory: string;

  private constructor(repo: Repo) {
    this.#repo = repo;
    this.#directory = join(repo.path, "uncompressed-objects-cache");
  }

  /** `undefined` for a repository that has plain files itself, or wants no cache. */
  static of(repo: Repo): UncompressedCache | undefined {
    const wanted = repo.mode === "archive" && (repo.config.getBoolean("core", "enable-uncompressed-cache") ?? true);
    const writable = unlessErrno(["EACCES", "EROFS"], () => (accessSync(repo.path, constants.W_OK), true));
    return wanted && writable ? new UncompressedCache(repo) : undefined;
  }

  /** Where the cache has the file, laid out as `objects/` of a bare repository. */
  path(checksum: Checksum): string {
    return join(this.#directory, loosePath(checksum, "file", "bare"));
  }

  /** Whether it is a file to be kept: links are not, nor what would be linked too often or cannot be read. */
  has({ header, size }: LoadedFile): boolean {
    return !isSymlinkMode(header.mode) && size > 0 && (header.mode & 0o400) !== 0;
  }

  /** @param plain a file with the content, when there is one already */
  fill(file: LoadedFile, path: string, plain: string | undefined): void {
    const temporary = temporaryName(join(this.#repo.path, "tmp"));
    try {
      writeCheckedOut(temporary, file, { user: true, fsync: this.#repo.settings.fsync, object: plain });
      mkdirSync(dirname(path), { recursive: true });
      unlessErrno(["EEXIST"], () => linkSync(temporary, path));
    } finally {
      rmSync(temporary, { force: true });
    }
  }

  /**
   * Removes what no checkout uses any more, in the directories that were changed since `time` (ostree_repo_checkout_gc):
   * where a file was added, another one was likely replaced.
   */
  collect(time: number): void {
    for (const prefix of listDirectory(this.#directory)) {
      const directory = join(this.#directory, prefix);
      const stat = lstatIfExists(directory);
      if (stat === undefined || stat.mtimeMs < time) continue;
      for (const name of listDirectory(directory)) {
        const path = join(directory, name);
        if (lstatSync(path).nlink === 1) unlinkSync(path);
      }
    }
  }
}
