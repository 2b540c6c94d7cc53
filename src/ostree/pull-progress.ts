// SPDX-License-Identifier: Apache-2.0
import type { ProgressListener } from "../base/index.ts";

/** Seconds of the past by which the rate is reckoned: long enough to be steady, short enough to follow a change. */
const windowSeconds = 10;

interface Sample {
  readonly at: number;
  readonly done: number;
}

/**
 * Tells how far a pull is and how long it will take. Where the commits tell the sizes of their objects (`ostree.sizes`),
 * or deltas are fetched, that is known before the first object comes; else it is reckoned by the objects known so far,
 * and said to be so while directories may still tell of more.
 */
export class PullProgress implements Disposable {
  /** One 64-bit number, to which all clients of the pull add the bytes that they receive. */
  readonly received = new SharedArrayBuffer(8);
  readonly #listener: ProgressListener;
  readonly #timer: NodeJS.Timeout;
  readonly #samples: Sample[] = [];
  #base = 0;
  #bytes: number | undefined;
  #objects = { done: 0, known: 0, final: false };
  #told = "";

  /** @param milliseconds between two events */
  constructor(listener: ProgressListener, milliseconds: number) {
    this.#listener = listener;
    this.#timer = setInterval(() => this.tell(), milliseconds).unref();
  }

  /** The bytes that are still to come, now that they are known. */
  expect(bytes: number): void {
    this.#base = this.#receivedBytes();
    this.#bytes = bytes;
    this.#samples.length = 0;
    this.tell();
  }

  /** @param final whether all directories are here, so that there will not be more objects */
  objects(done: number, known: number, final: boolean): void {
    const first = this.#objects.known === 0;
    this.#objects = { done, known, final };
    if (first) this.tell();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #receivedBytes(): number {
    return Number(Atomics.load(new BigInt64Array(this.received), 0));
  }

  /** Tells what is new, if anything. */
  tell(): void {
    const event = this.#bytes === undefined ? this.#byObjects() : this.#byBytes(this.#bytes);
    const text = JSON.stringify(event);
    if (text === this.#told || event.total === 0) return;
    this.#told = text;
    this.#listener({ type: "steps", task: "pull", ...event, ...this.#speed(event.done, event.total) });
  }

  /** What had to be sent again makes the total grow. */
  #byBytes(expected: number) {
    const done = this.#receivedBytes() - this.#base;
    return { done, total: Math.max(expected, done), unit: "bytes" } as const;
  }

  #byObjects() {
    const { done, known, final } = this.#objects;
    return { done, total: known, unit: "objects", ...(final ? {} : { growing: true }) } as const;
  }

  #speed(done: number, total: number): { perSecond?: number; secondsLeft?: number } {
    const at = performance.now() / 1000;
    this.#samples.push({ at, done });
    while (this.#samples[1] && at - this.#samples[0]!.at > windowSeconds) this.#samples.shift();
    const first = this.#samples[0]!;
    const perSecond = at > first.at ? (done - first.done) / (at - first.at) : 0;
    return perSecond > 0 ? { perSecond, secondsLeft: (total - done) / perSecond } : {};
  }
}
