// SPDX-License-Identifier: Apache-2.0

/** A connection that is cut without a word looks as one on which nothing is said. */
export class Silence implements Disposable {
  readonly #broken: () => void;
  #timer: NodeJS.Timeout | undefined;
  #limit: number;

  /** @param limit milliseconds; 0 is none */
  constructor(broken: () => void, limit = 0) {
    this.#broken = broken;
    this.#limit = limit;
    this.heard();
  }

  set limit(milliseconds: number) {
    this.#limit = Math.min(Math.max(Number(milliseconds), 1000), 600_000);
    this.heard();
  }

  heard(): void {
    this.hold();
    if (this.#limit > 0) this.#timer = setTimeout(this.#broken, this.#limit);
  }

  /** Until something is heard: nobody listens now. */
  hold(): void {
    clearTimeout(this.#timer);
  }

  [Symbol.dispose](): void {
    this.#limit = 0;
    this.hold();
  }
}
