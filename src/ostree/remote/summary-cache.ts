// SPDX-License-Identifier: Apache-2.0
/** Summaries of remotes that were fetched before, with what the server needs to tell that they are still the same. */
import { readFileSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { getXattr, makeDirectories, setXattr, unlessErrno, writeFileAtomic } from "../../base/index.ts";
import type { Validators } from "../http/model.ts";
import type { Repo } from "../repo.ts";

export interface CachedFile extends Validators {
  readonly bytes: Buffer;
}

/** The entity tag of a file, as libostree keeps it (store_file_cache_properties). */
const etagXattr = "user.etag";

export class SummaryCache {
  readonly #directory: string;
  readonly #durable: boolean;

  private constructor(directory: string, durable: boolean) {
    this.#directory = directory;
    this.#durable = durable;
  }

  /** @param directory instead of the repository's `tmp/cache`. None is used when OSTREE_SKIP_CACHE is set. */
  static of(repo: Repo, directory: string | undefined): SummaryCache | undefined {
    if (directory === undefined && process.env["OSTREE_SKIP_CACHE"] !== undefined) return undefined;
    return new SummaryCache(join(directory ?? join(repo.path, "tmp/cache"), "summaries"), repo.settings.fsync);
  }

  /** @param name of the remote, with `.sig` for the signatures */
  load(name: string): CachedFile | undefined {
    const path = join(this.#directory, name);
    return unlessErrno(["ENOENT", "ENOTDIR", "EACCES"], () => {
      const etag = unlessErrno(["ENODATA", "ENOTSUP", "EOPNOTSUPP"], () => getXattr(path, etagXattr))?.toString(
        "latin1",
      );
      const lastModified = Math.floor(statSync(path).mtimeMs / 1000);
      return { bytes: readFileSync(path), lastModified, ...(etag === undefined ? {} : { etag }) };
    });
  }

  store(name: string, bytes: Buffer, { etag, lastModified }: Validators): void {
    makeDirectories(this.#directory);
    const path = join(this.#directory, name);
    writeFileAtomic(path, bytes, { durable: this.#durable });
    keepValidators(path, { etag, lastModified });
  }
}

/** Notes at a file what the server said of it; file systems that cannot are no error. */
function keepValidators(path: string, { etag, lastModified }: Validators): void {
  if (etag !== undefined)
    unlessErrno(["ENOTSUP", "EOPNOTSUPP", "ENOSPC"], () => setXattr(path, etagXattr, Buffer.from(etag, "latin1")));
  // The time of writing would be taken for the server's: no date is 0.
  utimesSync(path, lastModified ?? 0, lastModified ?? 0);
}
