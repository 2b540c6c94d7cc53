// SPDX-License-Identifier: Apache-2.0
/**
 * Layers that hold objects of a commit below `sysroot/ostree/repo`, as a repository of mode bare-split-xattrs has them
 * (ostree-rs-ext, tar/import.rs). The same files stand in such a layer at their own paths, as hard links; they are passed over.
 */
import { hash } from "node:crypto";
import type { Xattr } from "../../base/index.ts";
import { readGVariant, type TarEntry } from "../../formats/index.ts";
import { ostreeError } from "../errors.ts";
import { checkXattrOrder, xattrsFromVariant } from "../file-object.ts";
import { asChecksum, type Checksum, type FileHeader, fileType } from "../model.ts";
import { checkForm, compareBytes } from "../verify-object.ts";

export const repositoryPath = "sysroot/ostree/repo/";

/** libostree's own limit was this for long (OSTREE_MAX_METADATA_SIZE); ostree-rs-ext has it still. */
const metadataObjectLimit = 10 << 20;
/** Attributes of one file; file systems hold far less. */
const xattrsLimit = 1 << 20;
/** Different attribute lists in a layer; each is held in memory. */
const xattrListsLimit = 100_000;

/** An object of a layer. Metadata is verified; the content of a file is still to be read, and compared with its checksum. */
export type LayerObject =
  | { readonly kind: "file"; readonly checksum: Checksum; readonly header: FileHeader; readonly entry: TarEntry }
  | {
      readonly kind: "metadata";
      readonly type: "dirtree" | "dirmeta" | "commit";
      readonly checksum: Checksum;
      readonly bytes: Buffer;
    }
  /** Detached metadata of a commit. */
  | { readonly kind: "detached"; readonly checksum: Checksum; readonly bytes: Buffer };

export class LayerReader {
  readonly #what: string;
  /** Attribute lists by the checksum of their bytes: many files have the same. */
  readonly #lists = new Map<string, readonly Xattr[]>();
  /** Of the content object that must come next. */
  #next: { readonly checksum: Checksum; readonly list: string } | undefined;

  constructor(what: string) {
    this.#what = what;
  }

  /** The object that an entry is; undefined for what is none. Entries must come in the archive's order. */
  take(entry: TarEntry): LayerObject | undefined {
    if (entry.type === "directory" || !entry.path.startsWith(repositoryPath)) return undefined;
    const path = entry.path.slice(repositoryPath.length);
    if (path.startsWith("objects/")) return this.#object(entry, path.slice("objects/".length));
    // Version 0 of the format had the lists in a directory of their own.
    if (path.startsWith("xattrs/")) this.#list(entry, path.slice("xattrs/".length));
    return undefined;
  }

  #object(entry: TarEntry, name: string): LayerObject | undefined {
    const [, prefix, rest, type] = /^([0-9a-f]{2})\/([0-9a-f]{62})\.([a-z.-]+)$/.exec(name) ?? [];
    if (prefix === undefined || rest === undefined) throw this.#bad(`${name} is no object`);
    const checksum = asChecksum(prefix + rest);
    if (type === "file") return { kind: "file", checksum, header: this.#header(entry, checksum), entry };
    if (type === "dirtree" || type === "dirmeta" || type === "commit") return this.#metadata(entry, checksum, type);
    if (type === "commitmeta") return this.#detached(entry, checksum);
    if (type === "file-xattrs") this.#list(entry, checksum);
    else if (type === "file-xattrs-link" || type === "file.xattrs") this.#link(entry, checksum);
    else throw this.#bad(`${name} is of no type that is known`);
    return undefined;
  }

  #metadata(entry: TarEntry, checksum: Checksum, type: "dirtree" | "dirmeta" | "commit"): LayerObject {
    if (entry.type !== "file") throw this.#bad(`${checksum}.${type} is no file`);
    const bytes = entry.content(metadataObjectLimit);
    compareBytes(type, checksum, bytes);
    checkForm(type, checksum, bytes);
    return { kind: "metadata", type, checksum, bytes };
  }

  #detached(entry: TarEntry, checksum: Checksum): LayerObject {
    const bytes = entry.content(metadataObjectLimit);
    readGVariant("a{sv}", bytes, `${checksum}.commitmeta`);
    return { kind: "detached", checksum, bytes };
  }

  /** @returns the checksum by which it is known */
  #list(entry: TarEntry, expected?: string): string {
    if (entry.type !== "file") throw this.#bad("a list of attributes that is no file");
    const bytes = entry.content(xattrsLimit);
    const sum = hash("sha256", bytes, "hex");
    if (expected !== undefined && sum !== expected)
      throw this.#bad(`attributes ${expected} are not what they are named`);
    if (this.#lists.has(sum)) return sum;
    if (this.#lists.size >= xattrListsLimit) throw this.#bad(`more than ${xattrListsLimit} lists of attributes`);
    const what = `${this.#what}: attributes ${sum}`;
    const xattrs = xattrsFromVariant(readGVariant("a(ayay)", bytes, what), what);
    checkXattrOrder(xattrs, what);
    this.#lists.set(sum, xattrs);
    return sum;
  }

  /** Which attributes the next object has: the list itself, or a hard link to one before. */
  #link(entry: TarEntry, checksum: Checksum): void {
    if (this.#next !== undefined) throw this.#bad(`attributes of ${this.#next.checksum} without the file`);
    const list = entry.type === "hardlink" ? listName(entry.target) : this.#list(entry);
    this.#next = { checksum, list };
  }

  #header({ type, uid, gid, mode, target }: TarEntry, checksum: Checksum): FileHeader {
    const next = this.#next;
    this.#next = undefined;
    const xattrs = next?.checksum === checksum ? this.#lists.get(next.list) : undefined;
    if (xattrs === undefined) throw this.#bad(`the attributes of ${checksum} do not come before it`);
    if (type === "symlink") return { uid, gid, mode: fileType.symlink | 0o777, symlink: target, xattrs };
    if (type === "file") return { uid, gid, mode: fileType.regular | mode, symlink: "", xattrs };
    throw this.#bad(`${checksum} is neither file nor symbolic link`);
  }

  #bad(problem: string) {
    return ostreeError("image-content", `${this.#what}: ${problem}`);
  }
}

/** Version 1 links to `objects/xx/yyy.file-xattrs`, version 0 to `xattrs/CHECKSUM`. */
function listName(target: string): string {
  const [, prefix = "", rest = ""] = /\/([0-9a-f]{2})\/([0-9a-f]{62})\.file-xattrs$/.exec(target) ?? [];
  return prefix === "" ? (target.split("/").at(-1) ?? "") : prefix + rest;
}
