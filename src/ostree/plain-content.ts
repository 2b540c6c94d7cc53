// SPDX-License-Identifier: Apache-2.0
/** Filling the file of an object in a bare repository: by writing, or by sharing blocks with another file. */
import { createHash, hash } from "node:crypto";
import { fstatSync } from "node:fs";
import { cloneFile, writeAll } from "../base/index.ts";
import { ostreeError } from "./errors.ts";
import type { Checksum } from "./model.ts";
import { addPayloadLink, clonePayload, sharesBlocks, wantsPayloadLink } from "./payload-link.ts";
import type { ContentWriter, Store } from "./store-content.ts";

/** An open file that has an object's content, as it was when it was hashed. */
export class ContentSource {
  readonly #fd: number;
  readonly #path: string;
  readonly #changed: bigint;

  constructor(fd: number, path: string) {
    this.#fd = fd;
    this.#path = path;
    this.#changed = this.#ctime();
  }

  /** Shares its blocks with an empty file. False where they cannot. */
  cloneInto(fd: number): boolean {
    if (!cloneFile(this.#fd, fd)) return false;
    if (this.#ctime() === this.#changed) return true;
    throw ostreeError("changed-while-read", `${this.#path} changed while it was being committed`);
  }

  #ctime(): bigint {
    return fstatSync(this.#fd, { bigint: true }).ctimeNs;
  }
}

export interface PlainContent {
  readonly checksum: Checksum;
  readonly content: Uint8Array | ContentWriter;
  readonly size: number;
  readonly source: ContentSource | undefined;
}

/** @returns bytes of the content */
export function fillPlain(store: Store, fd: number, plain: PlainContent): number {
  if (wantsPayloadLink(store, plain.size)) fillLinked(store, fd, plain);
  else if (!plain.source || !sharesBlocks(store) || !plain.source.cloneInto(fd))
    writePieces(fd, plain.content, () => {});
  return plain.size;
}

function fillLinked(store: Store, fd: number, { checksum, content, size, source }: PlainContent): void {
  const payload = typeof content === "function" ? writeHashed(fd, content) : (hash("sha256", content) as Checksum);
  // What a writer wrote is undone by this.
  if (clonePayload(store, payload, size, fd)) return;
  if (typeof content !== "function" && !source?.cloneInto(fd)) writeAll(fd, content);
  addPayloadLink(store, payload, checksum);
}

function writeHashed(fd: number, content: ContentWriter): Checksum {
  const digest = createHash("sha256");
  writePieces(fd, content, (piece) => digest.update(piece));
  return digest.digest("hex") as Checksum;
}

function writePieces(fd: number, content: Uint8Array | ContentWriter, each: (piece: Uint8Array) => void): void {
  if (typeof content !== "function") return writeAll(fd, content);
  content((piece) => {
    each(piece);
    writeAll(fd, piece);
  });
}
