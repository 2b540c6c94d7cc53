// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { bytesSource, decompress, readWhole } from "../../base/index.ts";
import type { TarEntry } from "../../formats/index.ts";
import {
  type Checksum,
  type DirNode,
  type FileHeader,
  objectFile,
  type Transaction,
  writeCommit,
  writeTree,
} from "../../ostree/index.ts";
import { type DebPackage, downloadPackages, readDeb } from "../../packages/index.ts";
import type { PackageImport } from "./cache.ts";
import { packageRef } from "./escape.ts";
import { composeError } from "../errors.ts";
import { ensureDirectory, lookup, makeDirectoryNode, put } from "../tree.ts";
import { storeStream } from "./store-stream.ts";

/** Changes when the same package would be imported differently: commits of another version are not used. */
export const importVersion = 1;

export interface DebImportTask {
  readonly format: "deb";
  /** The package file. */
  readonly path: string;
  /** Names its content. */
  readonly sha256: string;
}

export function debImport(cacheDir: string, offline: boolean): PackageImport<DebPackage> {
  return {
    ref: packageRef,
    isCurrent: ({ sha256 }, metadata) =>
      metadata.get("atomic.deb.sha256")?.value === sha256 &&
      metadata.get("atomic.deb.import-version")?.value === importVersion,
    download: (packages, progress) => downloadPackages(packages, cacheDir, progress, { offline }),
    task: ({ sha256 }, path) => ({ format: "deb", path, sha256 }),
    size: ({ size }) => size,
  };
}

/**
 * Imports one package as a commit: `control/` has its control files, `data/` what it brings. Compressed kernel modules
 * are stored plain: a changed module then costs an update its difference, and identical ones nothing.
 */
export async function importDeb(
  transaction: Transaction,
  { path, sha256 }: Omit<DebImportTask, "format">,
): Promise<Checksum> {
  const { repo } = transaction;
  using deb = readDeb(path);
  const tree = makeDirectoryNode();
  const importer = new Importer(transaction, path, ensureDirectory(tree, "data"));
  for (const entry of deb.files()) importer.add(entry);
  for (const [name, { mode, bytes }] of deb.controlFiles) {
    const content = name === "md5sums" ? importer.correctSums(bytes) : bytes;
    put(tree, `control/${name}`, importer.store(header({ mode: mode & 0o755 }, 0o100000), content));
  }
  const written = await writeTree(repo, tree, { transaction, workers: 0 });
  const metadata = new Map([
    ["atomic.deb.sha256", { type: "s", value: sha256 }],
    ["atomic.deb.import-version", { type: "u", value: importVersion }],
  ]);
  return writeCommit(repo, { tree: written.tree, meta: written.meta, timestamp: 0, metadata, transaction });
}

function header(
  { mode, uid = 0, gid = 0, xattrs = [] }: { mode: number } & Partial<Pick<TarEntry, "uid" | "gid" | "xattrs">>,
  type: number,
  symlink = "",
): FileHeader {
  return { uid, gid, mode: type | (symlink === "" ? mode : 0o777), symlink, xattrs };
}

/** Larger files are not held in memory. */
const wholeLimit = 64 << 10;
/** Some ten times the largest kernel module that Debian ships: a small file must not expand without end. */
const moduleLimit = 128 << 20;

const kernelModule = /^(?:usr\/)?lib\/modules\/.*\.ko(\.xz|\.gz|\.zst)$/;
const compressions = { ".xz": "xz", ".gz": "gzip", ".zst": "zstd" } as const;

class Importer {
  readonly #transaction: Transaction;
  readonly #what: string;
  readonly #root: DirNode;
  /** Decompressed files: path in the package -> new path and sum. */
  readonly #replaced = new Map<string, { readonly path: string; readonly md5: string }>();

  constructor(transaction: Transaction, what: string, root: DirNode) {
    this.#transaction = transaction;
    this.#what = what;
    this.#root = root;
  }

  store(fileHeader: FileHeader, content: Uint8Array) {
    return objectFile(this.#transaction.repo, this.#transaction.writeContent(fileHeader, content));
  }

  add(entry: TarEntry): void {
    this.#refuseBelowFile(entry.path);
    switch (entry.type) {
      case "directory":
        this.#addDirectory(entry);
        return;
      case "file":
        this.#addFile(entry);
        return;
      case "symlink":
        if (entry.target === "") throw this.#refused(entry, "is a symlink to nothing");
        put(this.#root, entry.path, this.store(header(entry, 0o120000, entry.target), Buffer.alloc(0)));
        return;
      case "hardlink":
        this.#addHardlink(entry);
        return;
      default:
        throw this.#refused(entry, `is a ${entry.type}; only files, directories and links can be in a tree`);
    }
  }

  /** A path that leads over a link of the same package could end up anywhere once it is unpacked elsewhere. */
  #refuseBelowFile(path: string): void {
    for (let end = path.indexOf("/"); end > 0; end = path.indexOf("/", end + 1)) {
      if (lookup(this.#root, path.slice(0, end))?.kind === "file") {
        throw this.#refused({ path }, `lies below /${path.slice(0, end)}, which is no directory in this package`);
      }
    }
  }

  #addDirectory({ path, uid, gid, mode, xattrs }: TarEntry): void {
    const existing = path === "" ? this.#root : lookup(this.#root, path);
    if (existing?.kind === "file") throw this.#refused({ path }, "is a file and a directory");
    ensureDirectory(this.#root, path).meta = { uid, gid, mode: 0o040000 | mode, xattrs };
  }

  #addFile(entry: TarEntry): void {
    if (entry.path === "") throw this.#refused(entry, "has no name");
    const suffix = kernelModule.exec(entry.path)?.[1] as keyof typeof compressions | undefined;
    if (suffix !== undefined) this.#addModule(entry, suffix);
    else if (entry.size > wholeLimit) this.#addLargeFile(entry);
    else put(this.#root, entry.path, this.store(header(entry, 0o100000), entry.content(wholeLimit)));
  }

  #addLargeFile(entry: TarEntry): void {
    const checksum = storeStream(this.#transaction, header(entry, 0o100000), entry.pieces());
    put(this.#root, entry.path, objectFile(this.#transaction.repo, checksum));
  }

  #addModule(entry: TarEntry, suffix: keyof typeof compressions): void {
    const content = entry.content(moduleLimit);
    const what = `${this.#what}: ${entry.path}`;
    const source = decompress(bytesSource(content), compressions[suffix], what);
    let plain: Buffer;
    try {
      plain = readWhole(source, moduleLimit, what);
    } finally {
      source.close();
    }
    const path = entry.path.slice(0, -suffix.length);
    this.#replaced.set(entry.path, { path, md5: createHash("md5").update(plain).digest("hex") });
    put(this.#root, path, this.store(header(entry, 0o100000), plain));
  }

  #addHardlink(entry: TarEntry): void {
    const target = lookup(this.#root, entry.target);
    if (target?.kind !== "file")
      throw this.#refused(entry, `is a link to ${entry.target}, which is no file of the package`);
    put(this.#root, entry.path, target);
  }

  /** The package's md5sums with the lines of decompressed files put right, so that `dpkg --verify` agrees. */
  correctSums(bytes: Buffer): Buffer {
    if (this.#replaced.size === 0) return bytes;
    const lines = bytes.toString("utf8").split("\n");
    const changed = lines.map((line) => {
      const replaced = this.#replaced.get(line.slice(34));
      return replaced ? `${replaced.md5}  ${replaced.path}` : line;
    });
    return Buffer.from(changed.join("\n"));
  }

  #refused({ path }: { path: string }, reason: string) {
    return composeError("bad-package", `${this.#what}: /${path} ${reason}`);
  }
}
