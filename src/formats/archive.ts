// SPDX-License-Identifier: Apache-2.0
import { type ByteSource } from "../base/index.ts";
import { readCpio } from "./cpio.ts";
import { readTar, type TarEntry } from "./tar.ts";

/** The entries of a tar or cpio archive, whichever its first bytes tell of; an empty input has none. */
export function* readArchive(source: ByteSource, what: string): Generator<TarEntry, void, undefined> {
  const first = source.read();
  if (first === undefined) return;
  const whole = withFirst(Buffer.from(first), source);
  yield* /^07070[127]/.test(first.toString("latin1", 0, 6)) ? readCpio(whole, what) : readTar(whole, what);
}

/** The source with a piece put back that was read from it. */
function withFirst(piece: Buffer, source: ByteSource): ByteSource {
  let first: Buffer | undefined = piece;
  return {
    read() {
      const next = first ?? source.read();
      first = undefined;
      return next;
    },
    close: () => source.close(),
  };
}
