// SPDX-License-Identifier: Apache-2.0
/** Tree -> tar archive (ostree-repo-libarchive.c ostree_repo_export_tree_to_archive). */
import { encodeTarHeader, tarEnd, tarPadding, type TarWriteHeader } from "../../formats/index.ts";
import { ostreeError } from "../errors.ts";
import { findInCommit, type FoundEntry } from "../find-path.ts";
import { inflateLimit } from "../load-content.ts";
import { type Checksum, directoryDepthLimit } from "../model.ts";
import type { Repo } from "../repo.ts";

export interface ExportOptions {
  /** Only this directory of the commit. */
  readonly subpath?: string;
  /** Put before every path as it stands: `name/` makes a directory of it. */
  readonly prefix?: string;
  /** Write extended attributes (as pax headers); default true. */
  readonly xattrs?: boolean;
}

/**
 * The bytes of a tar archive of a commit's tree, in pieces. Times are the commit's; of files with equal content and
 * metadata all but the first are hard links. Same commit, same bytes.
 */
export async function* exportArchive(repo: Repo, rev: string, options: ExportOptions = {}): AsyncGenerator<Buffer> {
  const commit = repo.resolve(rev);
  const found = findInCommit(repo, commit, options.subpath ?? "/");
  if (found.type !== "dir") throw ostreeError("not-a-directory", `Not a directory: ${options.subpath}`);
  const writer = new ArchiveExport(repo, Number(repo.loadCommit(commit).timestamp), options);
  yield* writer.directory(found, "", 0);
  yield tarEnd;
}

class ArchiveExport {
  readonly #repo: Repo;
  readonly #mtime: number;
  readonly #prefix: string;
  readonly #xattrs: boolean;
  /** Regular files written, and where they are in the archive. */
  readonly #written = new Map<Checksum, string>();

  constructor(repo: Repo, mtime: number, { prefix = "", xattrs = true }: ExportOptions) {
    this.#repo = repo;
    this.#mtime = mtime;
    this.#prefix = prefix;
    this.#xattrs = xattrs;
  }

  /** write_directory_to_libarchive_recurse */
  async *directory(entry: FoundEntry & { type: "dir" }, path: string, depth: number): AsyncGenerator<Buffer> {
    if (depth > directoryDepthLimit) throw ostreeError("corrupt-object", `dirtree ${entry.tree}: nested too deep`);
    const meta = this.#repo.loadDirMeta(entry.meta);
    yield this.#header(path, { type: "directory", ...meta });
    const { files, dirs } = this.#repo.loadDirTree(entry.tree);
    const below = path === "" ? "" : `${path}/`;
    for (const { name, checksum } of files) yield* this.#file(checksum, `${below}${name}`);
    for (const dir of dirs) yield* this.directory({ type: "dir", ...dir }, `${below}${dir.name}`, depth + 1);
  }

  async *#file(checksum: Checksum, path: string): AsyncGenerator<Buffer> {
    const file = this.#repo.loadFile(checksum);
    const { symlink, ...header } = file.header;
    if (symlink !== "") {
      yield this.#header(path, { type: "symlink", target: symlink, ...header });
      return;
    }
    const first = this.#written.get(checksum);
    if (first !== undefined) {
      yield this.#header(path, { type: "hardlink", target: first, ...header });
      return;
    }
    this.#written.set(checksum, this.#archivePath(path));
    yield this.#header(path, { type: "file", size: file.size, ...header });
    if (file.size > inflateLimit) yield* file.stream() as AsyncIterable<Buffer>;
    else if (file.size > 0) yield file.content();
    yield Buffer.alloc(tarPadding(file.size));
  }

  #header(path: string, header: Omit<TarWriteHeader, "path" | "mtime">): Buffer {
    const { xattrs = [], ...rest } = header;
    const kept = this.#xattrs ? xattrs : [];
    return encodeTarHeader({ ...rest, path: this.#archivePath(path), mtime: this.#mtime, xattrs: kept });
  }

  /** file_to_pathstr */
  #archivePath(path: string): string {
    return `${this.#prefix}${path}`.replace(/\/+$/, "") || ".";
  }
}
