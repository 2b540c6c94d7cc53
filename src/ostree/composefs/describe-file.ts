// SPDX-License-Identifier: Apache-2.0
/** What an image says of one content object: what the workers find out. */
import { closeSync, openSync, readSync } from "node:fs";
import { measureVerity } from "../../base/index.ts";
import { FsVerityHasher } from "../../formats/index.ts";
import { ostreeError } from "../errors.ts";
import { inflateLimit, type LoadedFile, loadContent } from "../load-content.ts";
import { type Checksum, type FileHeader, isSymlinkMode, type RepoMode } from "../model.ts";
import { loadObject, type ObjectPlace } from "./places.ts";

/**
 * Which files get an fs-verity digest in an image: `compute` all, `present` those on which the file system has verity
 * enabled already, `none` (ostree_repo_checkout_composefs: option `verity` 2, 1, 0).
 */
export type ImageVerity = "compute" | "present" | "none";

export interface FileDescription extends FileHeader {
  readonly size: number;
  readonly digest?: Uint8Array;
}

/** Files are read in pieces of this size. */
const pieceSize = 1 << 20;

/** Describes one object after the other; each thread has its own. */
export class FileDescriber {
  readonly #places: readonly ObjectPlace[];
  readonly #verity: ImageVerity;
  readonly #buffer = Buffer.allocUnsafeSlow(pieceSize);
  /** Until the file system says that it has no fs-verity. */
  #measures = true;

  constructor(places: readonly ObjectPlace[], verity: ImageVerity) {
    this.#places = places;
    this.#verity = verity;
  }

  /** The promise is for large compressed objects. */
  run(checksum: Checksum): FileDescription | Promise<FileDescription> {
    return loadObject(this.#places, checksum, "file", (path, mode) => {
      const file = loadContent(path, mode);
      const description = { ...file.header, size: isSymlinkMode(file.header.mode) ? 0 : file.size };
      if (description.size === 0 || this.#verity === "none") return description;
      const digest = this.#digest(path, mode, file);
      if (digest instanceof Promise) return digest.then((digest) => ({ ...description, digest }));
      return digest ? { ...description, digest } : description;
    });
  }

  #digest(path: string, mode: RepoMode, file: LoadedFile): Uint8Array | undefined | Promise<Uint8Array> {
    if (mode !== "archive") return this.#digestOfPath(path, file.size);
    if (this.#verity === "present") return undefined;
    if (file.size > inflateLimit) return digestOfStream(file);
    return new FsVerityHasher().update(file.content()).digest();
  }

  #digestOfPath(path: string, size: number): Uint8Array | undefined {
    if (this.#verity === "present" && !this.#measures) return undefined;
    const fd = openSync(path, "r");
    try {
      const measured = this.#measure(fd);
      if (measured || this.#verity === "present") return measured;
      const hasher = new FsVerityHasher();
      let done = 0;
      for (let got = -1; got !== 0; done += got) {
        got = readSync(fd, this.#buffer, 0, pieceSize, done);
        hasher.update(this.#buffer.subarray(0, got));
      }
      if (done !== size) throw ostreeError("corrupt-object", `${path} changed while it was read`);
      return hasher.digest();
    } finally {
      closeSync(fd);
    }
  }

  #measure(fd: number): Uint8Array | undefined {
    if (!this.#measures) return undefined;
    const measured = measureVerity(fd);
    if (measured === "unsupported") this.#measures = false;
    return measured instanceof Uint8Array ? measured : undefined;
  }
}

async function digestOfStream(file: LoadedFile): Promise<Uint8Array> {
  const hasher = new FsVerityHasher();
  for await (const piece of file.stream()) hasher.update(piece as Uint8Array);
  return hasher.digest();
}
