// SPDX-License-Identifier: Apache-2.0
/**
 * Commit -> layers: objects below `sysroot/ostree/repo` as `object-layer.ts` reads them, and hard links to them where the
 * files stand, so that the same layers are a root file system to a container engine (ostree-rs-ext, tar/export.rs).
 * Everything in an order and with times of its own: same commit, same bytes.
 */
import { encodeTarHeader, tarEnd, tarPadding, type TarWriteHeader, writeGVariant } from "../../formats/index.ts";
import { xattrsToVariant } from "../file-object.ts";
import { inflateLimit } from "../load-content.ts";
import { type Checksum, type FileHeader, fileType, type MetadataType } from "../model.ts";
import type { Repo } from "../repo.ts";
import type { PlacedObjects } from "./commit-objects.ts";
import { repositoryPath } from "./layer-reader.ts";

const repositoryDirectories = [
  "extensions",
  "refs",
  "refs/heads",
  "refs/mirrors",
  "refs/remotes",
  "state",
  "tmp",
  "tmp/cache",
];
const repositoryConfig = "[core]\nrepo_version=1\nmode=bare-split-xattrs\n";

export interface LayerOptions {
  /** Version 2 of the format: every layer has the directories that its files stand in. By path, `/usr`. */
  readonly parents?: ReadonlyMap<string, Checksum> | undefined;
}

/** A layer of content. */
export async function* contentLayer(
  repo: Repo,
  objects: PlacedObjects,
  options: LayerOptions = {},
): AsyncGenerator<Buffer> {
  const layer = new LayerExport(repo, options);
  yield* layer.repository();
  yield* layer.content(objects);
  yield tarEnd;
}

/** The first layer: the commit, its directories, and the content that is in no other layer. */
export async function* commitLayer(
  repo: Repo,
  commit: Checksum,
  objects: PlacedObjects,
  options: LayerOptions = {},
): AsyncGenerator<Buffer> {
  const layer = new LayerExport(repo, options);
  yield* layer.commit(commit);
  yield* layer.content(objects);
  yield tarEnd;
}

class LayerExport {
  readonly #repo: Repo;
  readonly #parents: ReadonlyMap<string, Checksum> | undefined;
  readonly #written = new Set<string>();

  constructor(repo: Repo, { parents }: LayerOptions) {
    this.#repo = repo;
    this.#parents = parents;
  }

  /** `write_repo_structure` */
  *repository(): Generator<Buffer> {
    const base = repositoryPath.slice(0, -1);
    const above = base.split("/").map((_, index, parts) => parts.slice(0, index + 1).join("/"));
    const prefixes = Array.from({ length: 256 }, (_, byte) => `${base}/objects/${byte.toString(16).padStart(2, "0")}`);
    const below = repositoryDirectories.map((name) => `${base}/${name}`);
    for (const path of [...above, `${base}/objects`, ...prefixes, ...below]) {
      this.#written.add(`/${path}`);
      yield encodeTarHeader({ path, type: "directory", mode: 0o755 });
    }
    yield* plainFile(`${base}/config`, Buffer.from(repositoryConfig));
  }

  /** `write_commit`, with the structure alone. */
  *commit(checksum: Checksum): Generator<Buffer> {
    const { tree, meta } = this.#repo.loadCommit(checksum);
    yield this.#directory(".", meta);
    yield* this.repository();
    yield* this.#metadata("commit", checksum);
    if (this.#repo.has(checksum, "commitmeta")) yield* this.#metadata("commitmeta", checksum);
    yield* this.#metadata("dirmeta", meta);
    yield* this.#tree(tree, "");
    // Nobody runs systemd-tmpfiles in a container, where programs expect it all the same (`append_standard_var`).
    if (!this.#written.has("/var/tmp")) yield encodeTarHeader({ path: "var/tmp", type: "directory", mode: 0o1777 });
  }

  *#tree(checksum: Checksum, path: string): Generator<Buffer> {
    yield* this.#metadata("dirtree", checksum);
    for (const { name, tree, meta } of this.#repo.loadDirTree(checksum).dirs) {
      const below = `${path}/${name}`;
      yield* this.#metadata("dirmeta", meta);
      // It is there with the repository in it; a second entry would confuse engines.
      if (below !== "/sysroot") {
        this.#written.add(below);
        yield this.#directory(containerPath(below), meta);
      }
      yield* this.#tree(tree, below);
    }
  }

  /** Objects by their checksums, each followed by the links to it (`write_chunk`). */
  async *content(objects: PlacedObjects): AsyncGenerator<Buffer> {
    for (const [checksum, { paths }] of [...objects].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const { header, size } = yield* this.#object(checksum);
      for (const path of paths) {
        yield* this.#parentsOf(path);
        yield encodeTarHeader({ ...linkHeader(checksum, header, size), path: containerPath(path) });
      }
    }
  }

  async *#object(checksum: Checksum): AsyncGenerator<Buffer, { header: FileHeader; size: number }> {
    const file = this.#repo.loadFile(checksum);
    const { header, size } = file;
    // A list of its own, not a link to one that many share: ostree-rs-ext reads either, and writes this.
    yield* plainFile(
      objectPath(checksum, "file-xattrs-link"),
      writeGVariant("a(ayay)", xattrsToVariant(header.xattrs)),
    );
    const path = objectPath(checksum, "file");
    const { uid, gid, mode, symlink } = header;
    // Engines set no labels from layers; those come from the list when a host deploys it.
    const xattrs = header.xattrs.filter(({ name }) => name !== "security.selinux");
    if (symlink !== "") {
      yield encodeTarHeader({ path, type: "symlink", mode: mode & 0o7777, uid, gid, target: symlink, xattrs });
      return { header, size };
    }
    yield encodeTarHeader({ path, type: "file", mode: mode & 0o7777, uid, gid, size, xattrs });
    if (size > inflateLimit) yield* file.stream() as AsyncIterable<Buffer>;
    else if (size > 0) yield file.content();
    yield Buffer.alloc(tarPadding(size));
    return { header, size };
  }

  *#parentsOf(path: string): Generator<Buffer> {
    if (this.#parents === undefined) return;
    const parts = path.split("/").slice(1, -1);
    for (const index of parts.keys()) {
      const parent = `/${parts.slice(0, index + 1).join("/")}`;
      if (this.#written.has(parent)) continue;
      this.#written.add(parent);
      yield this.#directory(containerPath(parent), this.#parents.get(parent)!);
    }
  }

  #directory(path: string, meta: Checksum): Buffer {
    const { uid, gid, mode } = this.#repo.loadDirMeta(meta);
    return encodeTarHeader({ path, type: "directory", mode: mode & 0o7777, uid, gid });
  }

  *#metadata(type: MetadataType, checksum: Checksum): Generator<Buffer> {
    const path = objectPath(checksum, type);
    if (this.#written.has(path)) return;
    this.#written.add(path);
    yield* plainFile(path, this.#repo.loadMetadata(checksum, type));
  }
}

function objectPath(checksum: Checksum, suffix: string): string {
  return `${repositoryPath}objects/${checksum.slice(0, 2)}/${checksum.slice(2)}.${suffix}`;
}

/** Relative; containers have their /etc at /etc. */
function containerPath(path: string): string {
  return path.slice(1).replace(/^usr\/etc(?=\/|$)/, "etc");
}

/** An empty file stands for itself: many would be links to one, and changed together by a build on top. */
function linkHeader(checksum: Checksum, header: FileHeader, size: number): Omit<TarWriteHeader, "path"> {
  const { uid, gid } = header;
  const mode = header.mode & 0o7777;
  if ((header.mode & fileType.mask) === fileType.regular && size === 0)
    return { type: "file", mode, uid, gid, size: 0 };
  return { type: "hardlink", mode, uid, gid, target: objectPath(checksum, "file") };
}

function* plainFile(path: string, bytes: Buffer): Generator<Buffer> {
  yield encodeTarHeader({ path, type: "file", mode: 0o644, size: bytes.length });
  if (bytes.length > 0) yield bytes;
  yield Buffer.alloc(tarPadding(bytes.length));
}
