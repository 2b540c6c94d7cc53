// SPDX-License-Identifier: Apache-2.0
import type { UnitStatus } from "./model.ts";

/** Reads a unit's status after each change, one reading at a time: changes during one are told by the next. */
export class UnitWatch implements Disposable {
  readonly #read: () => Promise<UnitStatus>;
  readonly #listener: (status: UnitStatus) => void;
  #unlisten = () => {};
  #stopped = false;
  #stale = false;
  #reading = false;

  constructor(read: () => Promise<UnitStatus>, listener: (status: UnitStatus) => void) {
    this.#read = read;
    this.#listener = listener;
  }

  onStop(unlisten: () => void): void {
    this.#unlisten = unlisten;
  }

  changed(): void {
    this.#stale = true;
    if (!this.#reading) void this.#tell();
  }

  async #tell(): Promise<void> {
    this.#reading = true;
    while (this.#stale && !this.#stopped) {
      this.#stale = false;
      // A connection that is lost sends no changes either: who waits for one has a time limit.
      const status = await this.#read().catch(() => undefined);
      if (status !== undefined && !this.#isStopped()) this.#listener(status);
    }
    this.#reading = false;
  }

  #isStopped(): boolean {
    return this.#stopped;
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
    this.#unlisten();
  }
}
