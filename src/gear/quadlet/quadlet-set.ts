// SPDX-License-Identifier: Apache-2.0
import { readFileSync, statSync } from "node:fs";
import { unlessErrno } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import type { QuadletFile } from "./quadlet-file.ts";

/** No unit file, environment file or manifest is larger; reading one that is (a disk image, /dev/zero) would take all memory. */
const largestFile = 1024 * 1024;

/** All of them together, drop-ins as often as they are merged: ten thousand files of the largest size would as well. */
const largestSet = 16 * largestFile;

/** Quadlet files that are deployed together, and the text of each file that was read for it, as it was the first time. */
export class QuadletSet {
  readonly #files = new Map<string, QuadletFile>();
  readonly #texts = new Map<string, string>();
  /** Other units of systemd beside them: paths by name. */
  readonly plain = new Map<string, string>();
  #size = 0;

  /** Of files with one name the first counts. */
  add(file: QuadletFile): void {
    if (!this.#files.has(file.name)) this.#files.set(file.name, file);
  }

  get files(): readonly QuadletFile[] {
    return [...this.#files.values()];
  }

  /** The image that `Image=` means: that of an `.image` or `.build` file of the set, else what is said. */
  imageReference(image: string): string {
    return this.#files.get(image)?.imageName ?? image;
  }

  /** Contents by absolute path. */
  get texts(): ReadonlyMap<string, string> {
    return this.#texts;
  }

  /** Adds to what is held in memory. @throws gear-bad-file where that is too much */
  count(bytes: number, path: string): void {
    this.#size += bytes;
    if (this.#size <= largestSet) return;
    throw gearError("bad-file", `${path}: over ${largestSet} bytes together with the files before it`);
  }

  /** @throws gear-bad-file for what is no file of reasonable size */
  read(path: string): string {
    const known = this.#texts.get(path);
    if (known !== undefined) return known;
    const stat = unlessErrno(["ENOENT", "ENOTDIR"], () => statSync(path));
    if (stat === undefined) throw gearError("bad-file", `${path}: there is no such file`);
    if (!stat.isFile()) throw gearError("bad-file", `${path}: not a file`);
    if (stat.size > largestFile) throw gearError("bad-file", `${path}: over ${largestFile} bytes`);
    this.count(stat.size, path);
    const text = readFileSync(path, "utf8");
    this.#texts.set(path, text);
    return text;
  }
}
