// SPDX-License-Identifier: Apache-2.0
import { mapTemporary } from "../../base/index.ts";

/** Bytes that may lie in a mapped file: they are not to be used after disposal. */
export interface Space extends Disposable {
  readonly bytes: Uint8Array;
}

export function inMemory(bytes: Uint8Array): Space {
  return { bytes, [Symbol.dispose]: () => {} };
}

/**
 * Room for one thing after the other: in memory that is kept up to a limit, in a file without a name beyond it. What was
 * given out before is overwritten by the next.
 */
export class ReusedSpace {
  readonly #limit: number;
  readonly #directory: string;
  #buffer = Buffer.alloc(0);

  /** @param directory for the files */
  constructor(limit: number, directory: string) {
    this.#limit = limit;
    this.#directory = directory;
  }

  /** @param reserve is called before space on the disk is taken */
  make(size: number, reserve?: (size: number) => void): Space {
    if (size > this.#limit) {
      reserve?.(size);
      return mapTemporary(this.#directory, size);
    }
    // Memory that the kernel must clear first costs more than keeping it.
    if (this.#buffer.length < size) this.#buffer = Buffer.allocUnsafeSlow(Math.min(this.#limit, size + (size >> 2)));
    return inMemory(this.#buffer.subarray(0, size));
  }
}
