// SPDX-License-Identifier: Apache-2.0
/**
 * The digest by which the kernel's fs-verity names a file's content (Linux Documentation/filesystems/fsverity.rst, "File
 * digest computation"): SHA-256 over a descriptor with the root of a Merkle tree. Blocks of 4096 bytes, no salt.
 */
import { hash } from "node:crypto";

const blockSize = 4096;
const digestSize = 32;
const descriptorSize = 256;

/** A block of one level of the tree that is being filled. */
interface Level {
  readonly block: Buffer;
  filled: number;
}

/** Takes content in pieces of any size; holds one block per level of the tree. */
export class FsVerityHasher {
  readonly #levels: Level[] = [{ block: Buffer.alloc(blockSize), filled: 0 }];
  #size = 0;

  update(piece: Uint8Array): this {
    this.#size += piece.length;
    let done = 0;
    const data = this.#levels[0]!;
    while (done < piece.length) {
      // A full block goes up only when more follows: the last one left on a level is its root.
      if (data.filled === blockSize) this.#flush(0);
      if (data.filled === 0 && piece.length - done > blockSize) {
        this.#append(1, hashOf(piece.subarray(done, done + blockSize)));
        done += blockSize;
        continue;
      }
      const length = Math.min(blockSize - data.filled, piece.length - done);
      data.block.set(piece.subarray(done, done + length), data.filled);
      data.filled += length;
      done += length;
    }
    return this;
  }

  /** 32 bytes; ends the computation. */
  digest(): Buffer {
    for (let level = 0; level < this.#levels.length - 1; level++) this.#flush(level);
    const root = this.#levels.at(-1)!;
    root.block.fill(0, root.filled);
    const descriptor = Buffer.alloc(descriptorSize);
    descriptor[0] = 1; // version
    descriptor[1] = 1; // SHA-256
    descriptor[2] = 12; // log2 of the block size
    descriptor.writeBigUInt64LE(BigInt(this.#size), 8);
    // "If the file is empty, then the root hash is all zeroes."
    if (this.#size > 0) descriptor.write(hashOf(root.block), 16, "latin1");
    return Buffer.from(hashOf(descriptor), "latin1");
  }

  #flush(level: number): void {
    const from = this.#levels[level]!;
    from.block.fill(0, from.filled);
    from.filled = 0;
    this.#append(level + 1, hashOf(from.block));
  }

  #append(level: number, digest: string): void {
    const to = (this.#levels[level] ??= { block: Buffer.alloc(blockSize), filled: 0 });
    if (to.filled === blockSize) this.#flush(level);
    to.block.write(digest, to.filled, "latin1");
    to.filled += digestSize;
  }
}

/** As a string of 32 characters: there are so many that the cost of a buffer for each shows. */
function hashOf(bytes: Uint8Array): string {
  return hash("sha256", bytes, "latin1");
}

/** The fs-verity digest of content that is in memory. */
export function fsVerityDigest(content: Uint8Array): Buffer {
  return new FsVerityHasher().update(content).digest();
}
