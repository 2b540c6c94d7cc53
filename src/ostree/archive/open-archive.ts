// SPDX-License-Identifier: Apache-2.0
import { type ByteSource, decompress, detectCompression, streamSource } from "../../base/index.ts";
import { readArchive, type TarEntry } from "../../formats/index.ts";

export interface OpenArchive {
  readonly what: string;
  entries(): Generator<TarEntry, void, undefined>;
  close(): void;
}

/** Filters may be stacked (`.tar.gz.xz`), as libarchive reads them; more than a few are an attack. */
const filterLimit = 4;

/**
 * An archive with whatever compression its first bytes tell of.
 * @param limit bytes that may come out of it
 */
export function openArchive(fd: number, what: string, limit?: number): OpenArchive {
  let source = streamSource(fd);
  for (let filters = 0; filters < filterLimit; filters++) {
    const { head, whole } = peek(source);
    const compression = detectCompression(head);
    source = whole;
    if (compression === "none") break;
    source = decompress(whole, compression, what, limit === undefined ? {} : { limit });
  }
  return { what, entries: () => readArchive(source, what), close: () => source.close() };
}

/** Longest magic number that is looked at. */
const headSize = 8;

function peek(source: ByteSource): { head: Buffer; whole: ByteSource } {
  const pieces: Buffer[] = [];
  for (let size = 0; size < headSize;) {
    const piece = source.read();
    if (piece === undefined) break;
    pieces.push(Buffer.from(piece));
    size += piece.length;
  }
  const head = Buffer.concat(pieces);
  let first: Buffer | undefined = head.length === 0 ? undefined : head;
  const whole: ByteSource = {
    read() {
      const next = first ?? source.read();
      first = undefined;
      return next;
    },
    close: () => source.close(),
  };
  return { head, whole };
}
