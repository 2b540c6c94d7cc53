// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { type Variant } from "../../formats/index.ts";
import {
  type Checksum,
  type DirNode,
  type FileHeader,
  type FileNode,
  objectFile,
  type Transaction,
  writeCommit,
  writeTree,
} from "../../ostree/index.ts";
import {
  fileFlag,
  formatEvr,
  readRpm,
  type RpmEntry,
  type RpmFile,
  rpmTag,
  type SigningKey,
} from "../../packages/index.ts";
import { composeError } from "../errors.ts";
import { storeStream } from "../packages/store-stream.ts";
import { ensureDirectory, lookup, makeDirectoryNode, makeFileNode, put } from "../tree.ts";
import {
  canonicalTarget,
  compatibilityLines,
  type MadeAtBoot,
  placementOf,
  skipsExtraneous,
  tmpfilesLine,
  translatePath,
} from "./translate.ts";

/** Decisions of the treefile that change what an imported package is. */
export interface RpmImportOptions {
  readonly documentation: boolean;
  readonly readonlyExecutables: boolean;
  readonly ima: boolean;
  /** Leave out devices, FIFOs and sockets, which a commit cannot have; otherwise they are an error. */
  readonly ignoreDevices: boolean;
}

export interface TrustedKeys {
  /** Names the keys: a package that was verified with others is verified anew. */
  readonly identity: string;
  readonly signing: readonly SigningKey[];
}

export interface RpmImportTask extends RpmImportOptions {
  readonly format: "rpm";
  readonly path: string;
  /** As the repository has it: `sha256:...`. */
  readonly checksum: string;
  /** Keys of which one must have signed the package; absent: none must have. */
  readonly keys?: TrustedKeys;
  /** Which repository it came from, and when that was made. */
  readonly repository?: { readonly id: string; readonly timestamp: number };
}

/** rpmostree-importer.cxx `build_metadata_variant` */
const unpackVersion = { major: 1, minor: 6 } as const;

/**
 * Imports one package as a commit, as rpm-ostree's unified core does: its files where a deployment has them, with the
 * modes and capabilities of the package and root as their owner; the header, which tells the owners, in the metadata.
 */
export async function importRpm(transaction: Transaction, task: RpmImportTask): Promise<Checksum> {
  using rpm = await readRpm(
    task.path,
    task.keys === undefined ? { allowUnsigned: true } : { signingKeys: task.keys.signing },
  );
  const tree = makeDirectoryNode();
  const importer = new Importer(transaction, rpm, tree, task);
  for (const entry of rpm.files()) importer.add(entry);
  importer.finish();
  const written = await writeTree(transaction.repo, tree, { transaction, workers: 0 });
  return writeCommit(transaction.repo, {
    tree: written.tree,
    meta: written.meta,
    timestamp: rpm.header.number(rpmTag.buildTime) ?? 0,
    metadata: commitMetadata(rpm, task),
    transaction,
  });
}

function commitMetadata(rpm: RpmFile, task: RpmImportTask): Map<string, Variant> {
  const head = readHead(rpm);
  const { epoch, version, release = "" } = rpm.evr;
  const nevra = `${rpm.name}-${formatEvr(rpm.evr)}.${rpm.architecture}`;
  const { repository } = task;
  return new Map<string, Variant>([
    ["rpmostree.metadata", { type: "ay", value: head }],
    ["rpmostree.metadata_sha256", { type: "s", value: createHash("sha256").update(head).digest("hex") }],
    [
      "rpmostree.nevra",
      { type: "(sstsss)", value: [nevra, rpm.name, BigInt(epoch), version, release, rpm.architecture] },
    ],
    ["rpmostree.unpack_version", { type: "u", value: unpackVersion.major }],
    ["rpmostree.unpack_minor_version", { type: "u", value: unpackVersion.minor }],
    ...(repository ? [["rpmostree.repo", { type: "a{sv}", value: repositoryEntry(repository) }] as const] : []),
    ["rpmostree.repodata_checksum", { type: "s", value: task.checksum }],
    ...(task.documentation ? [] : [["rpmostree.nodocs", { type: "b", value: true }] as const]),
    ["atomic.rpm.import", { type: "s", value: importIdentity(task) }],
    ["atomic.rpm.keys", { type: "s", value: keysIdentity(task.keys) }],
  ]);
}

function repositoryEntry({ id, timestamp }: { readonly id: string; readonly timestamp: number }): Map<string, Variant> {
  return new Map<string, Variant>([
    ["id", { type: "s", value: id }],
    ["timestamp", { type: "t", value: BigInt(timestamp) }],
  ]);
}

export function keysIdentity(keys: TrustedKeys | undefined): string {
  return keys?.identity ?? "";
}

/** Changes when the same package would be imported differently: commits of another identity are not used. */
export function importIdentity({
  checksum,
  documentation,
  readonlyExecutables,
  ima,
  ignoreDevices,
}: RpmImportOptions & { readonly checksum: string }): string {
  const flags: readonly [boolean, string][] = [
    [!documentation, "nodocs"],
    [readonlyExecutables, "ro-executables"],
    [ima, "ima"],
    [!ignoreDevices, "no-devices"],
  ];
  return [importVersion, checksum, ...flags.flatMap(([isSet, name]) => (isSet ? [name] : []))].join(" ");
}

const importVersion = "1";

/** Lead, signature and header: all before the payload. */
function readHead(rpm: RpmFile): Buffer {
  const fd = openSync(rpm.path, "r");
  try {
    const head = Buffer.alloc(rpm.payloadOffset);
    for (let done = 0; done < head.length;) {
      const count = readSync(fd, head, done, head.length - done, done);
      if (count === 0) throw composeError("bad-package", `${rpm.path}: was cut off while it was read`);
      done += count;
    }
    return head;
  } finally {
    closeSync(fd);
  }
}

function header(mode: number, symlink: string, xattrs: FileHeader["xattrs"]): FileHeader {
  return { uid: 0, gid: 0, mode, symlink, xattrs };
}

/** Larger files are not held in memory. */
const wholeLimit = 64 << 10;

class Importer {
  readonly #transaction: Transaction;
  readonly #rpm: RpmFile;
  readonly #root: DirNode;
  readonly #options: RpmImportOptions;
  readonly #atBoot: MadeAtBoot[] = [];
  readonly #paths: string[] = [];
  /** What a path of the package became, for the hard links to it. */
  readonly #stored = new Map<string, FileNode>();

  constructor(transaction: Transaction, rpm: RpmFile, root: DirNode, options: RpmImportOptions) {
    this.#transaction = transaction;
    this.#rpm = rpm;
    this.#root = root;
    this.#options = options;
  }

  add(entry: RpmEntry): void {
    const path = translatePath(entry.path);
    const type = entry.type === "directory" || entry.type === "symlink" ? entry.type : "file";
    if (!this.#options.documentation && (entry.file.flags & fileFlag.doc) !== 0) {
      // The content of hard links comes with one of them; another one may be no documentation.
      if (entry.type === "file") this.#store(entry);
      return;
    }
    this.#paths.push(entry.path);
    switch (placementOf(path, type)) {
      case "tree":
        this.#addToTree(path, entry);
        return;
      case "tmpfiles":
        this.#addAtBoot(path, entry);
        return;
      case "dropped":
        return;
      case "unsupported":
        if (skipsExtraneous.has(this.#rpm.name)) return;
        throw this.#refused(entry, "lies where a deployment has no files of packages: only /usr, /etc, /opt and /boot");
    }
  }

  /** Adds the line for what is made at boot: all of one package in one file (rust/src/tmpfiles.rs). */
  finish(): void {
    const lines = [...compatibilityLines(this.#paths), ...this.#atBoot.map(tmpfilesLine)];
    if (lines.length === 0) return;
    put(this.#root, `${bootDirectory}/${this.#rpm.name}.conf`, makeFileNode(`${lines.join("\n")}\n`));
  }

  #addAtBoot(path: string, { type, mode, userName, groupName, target }: RpmEntry): void {
    const link = type === "symlink" ? { target } : {};
    this.#atBoot.push({ path, mode: mode | 0o200, user: userName || "root", group: groupName || "root", ...link });
  }

  #addToTree(path: string, entry: RpmEntry): void {
    this.#refuseBelowFile(path, entry);
    switch (entry.type) {
      case "directory":
        this.#addDirectory(path, entry);
        return;
      case "file":
        put(this.#root, path, this.#store(entry));
        return;
      case "hardlink":
        put(this.#root, path, this.#linked(entry));
        return;
      case "symlink": {
        const node = this.#write(header(0o120777, canonicalTarget(entry.target), entry.xattrs), Buffer.alloc(0));
        put(this.#root, path, node);
        return;
      }
      default:
        // rpmostree-importer.cxx: `ignore_unsupported_content`
        if (this.#options.ignoreDevices) return;
        throw this.#refused(entry, `is a ${entry.type}; only files, directories and links can be in a tree`);
    }
  }

  #addDirectory(path: string, entry: RpmEntry): void {
    if (path !== "" && lookup(this.#root, path)?.kind === "file")
      throw this.#refused(entry, "is a file and a directory");
    // A directory that its owner cannot write breaks those who remove it (rpm-ostree's `tweak_imported_file_info`).
    const mode = 0o040000 | entry.mode | 0o200;
    ensureDirectory(this.#root, path).meta = { uid: 0, gid: 0, mode, xattrs: [...entry.xattrs] };
  }

  /** A path that leads over a link of the same package could end up anywhere once it is laid out elsewhere. */
  #refuseBelowFile(path: string, entry: RpmEntry): void {
    for (let end = path.indexOf("/"); end > 0; end = path.indexOf("/", end + 1)) {
      if (lookup(this.#root, path.slice(0, end))?.kind === "file") {
        throw this.#refused(entry, `lies below /${path.slice(0, end)}, which is no directory in this package`);
      }
    }
  }

  #store(entry: RpmEntry): FileNode {
    const fileHeader = header(0o100000 | this.#fileMode(entry), "", this.#xattrs(entry));
    const node =
      entry.size > wholeLimit
        ? objectFile(this.#transaction.repo, storeStream(this.#transaction, fileHeader, entry.pieces()))
        : this.#write(fileHeader, entry.content(wholeLimit));
    this.#stored.set(entry.path, node);
    return node;
  }

  #write(fileHeader: FileHeader, content: Uint8Array): FileNode {
    return objectFile(this.#transaction.repo, this.#transaction.writeContent(fileHeader, content));
  }

  #linked(entry: RpmEntry): FileNode {
    const node = this.#stored.get(entry.target);
    if (!node) throw this.#refused(entry, `is a link to ${entry.target}, which is no file of the package`);
    return node;
  }

  #fileMode({ mode }: RpmEntry): number {
    return this.#options.readonlyExecutables && (mode & 0o111) !== 0 ? mode & ~0o222 : mode;
  }

  #xattrs({ xattrs, file }: RpmEntry): FileHeader["xattrs"] {
    // A header of zeros stands for "no signature" (rpmostree-importer.cxx `get_rpmfi_override`).
    if (!this.#options.ima || file.signature === "" || /^0+$/.test(file.signature)) return xattrs;
    const ima = { name: "security.ima", value: Buffer.from(file.signature, "hex") };
    return [...xattrs, ima].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #refused({ path }: { readonly path: string }, reason: string) {
    return composeError("bad-package", `${this.#rpm.path}: /${path} ${reason}`);
  }
}

/** Where imported packages have their lines of tmpfiles.d(5), each in a file of its own. */
export const bootDirectory = "usr/lib/rpm-ostree/tmpfiles.d";
