// SPDX-License-Identifier: Apache-2.0

/** Text kept: enough for the last lines of an error and for commands with long output. */
const limit = 16 << 20;

/** What came over a serial line, to be waited on. */
export class SerialText {
  #text = "";
  readonly #waiting = new Set<() => void>();

  get text(): string {
    return this.#text;
  }

  add(piece: string): void {
    this.#text += piece;
    if (this.#text.length > limit) this.#text = this.#text.slice(-limit / 2);
    for (const wake of this.#waiting) wake();
  }

  clear(): void {
    this.#text = "";
  }

  /** Forgets what was matched and everything before it. */
  consume(end: number): void {
    this.#text = this.#text.slice(end);
  }

  /**
   * Waits until `pattern` matches; `undefined` when it does not within the time.
   * @param signal ends the waiting with its reason as error
   */
  async waitFor(pattern: RegExp, seconds: number, signal: AbortSignal): Promise<RegExpExecArray | undefined> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray | undefined>();
    const look = () => {
      const match = pattern.exec(this.#text);
      if (match) resolve(match);
    };
    const abort = () => reject(signal.reason as Error);
    const timer = setTimeout(() => resolve(undefined), seconds * 1000);
    this.#waiting.add(look);
    signal.addEventListener("abort", abort);
    try {
      look();
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(look);
      signal.removeEventListener("abort", abort);
    }
  }

  /** The last lines as a reader would see them: no colours, no cursor movements. */
  lastLines(count: number): string[] {
    return plainText(this.#text.slice(-20_000)).split("\n").slice(-count);
  }
}

// A terminal's control sequences (ECMA-48), and characters that move or ring.
// eslint-disable-next-line no-control-regex
const controls = /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b[@-_]|[\u0000-\u0008\u000b-\u001f]/g;

export function plainText(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll(controls, "");
}
