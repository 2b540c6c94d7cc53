// SPDX-License-Identifier: Apache-2.0
import { closeSync } from "node:fs";
import { errorReply, standardErrors } from "./error-reply.ts";

/** Open files that come or go with a message. Who has this closes them. */
export class Descriptors {
  #open: number[];

  constructor(open: readonly number[] = []) {
    this.#open = [...open];
  }

  get count(): number {
    return this.#open.length;
  }

  /** By the index that a value of type `h` is. */
  at(index: number): number {
    const found = this.#open[index];
    if (found === undefined)
      throw errorReply(standardErrors.invalidArgs, `No file descriptor ${index} came with the message`);
    return found;
  }

  all(): readonly number[] {
    return this.#open;
  }

  add(descriptor: number): void {
    this.#open.push(descriptor);
  }

  /** Gives them to another owner. */
  move(): Descriptors {
    return new Descriptors(this.#open.splice(0));
  }

  [Symbol.dispose](): void {
    for (const descriptor of this.#open.splice(0)) closeSync(descriptor);
  }
}
