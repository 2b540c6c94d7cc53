// SPDX-License-Identifier: Apache-2.0

/** A rate that any number of threads keep together. */
export interface RateLimit {
  readonly bytesPerSecond: number;
  /** One 64-bit number: the time, in microseconds, at which all that was received would have arrived at the rate. */
  readonly state: SharedArrayBuffer;
}

export function newRateLimit(bytesPerSecond: number): RateLimit {
  return { bytesPerSecond, state: new SharedArrayBuffer(8) };
}

/** So much may come at once after a time without any. */
const burstMicroseconds = 100_000n;

/**
 * Takes note of received bytes (a leaky bucket as a clock: the generic cell rate algorithm).
 * @returns milliseconds to wait before more is received
 */
export function spendBytes({ bytesPerSecond, state }: RateLimit, bytes: number): number {
  const clock = new BigInt64Array(state);
  const cost = BigInt(Math.ceil((bytes * 1e6) / bytesPerSecond));
  for (;;) {
    const now = process.hrtime.bigint() / 1000n;
    const before = Atomics.load(clock, 0);
    const start = before > now - burstMicroseconds ? before : now - burstMicroseconds;
    if (Atomics.compareExchange(clock, 0, before, start + cost) !== before) continue;
    const wait = start + cost - now;
    return wait > 0n ? Number(wait / 1000n) : 0;
  }
}

const units: Readonly<Record<string, number>> = { "": 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** `500K`, `2.5M`, `100000`: bytes per second as curl's --limit-rate writes them. `undefined` when it is no rate. */
export function parseRate(text: string): number | undefined {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)([bkmgt]?)$/i.exec(text);
  if (!match) return undefined;
  const rate = Math.floor(Number(match[1]) * units[match[2]!.toLowerCase()]!);
  return rate > 0 ? rate : undefined;
}
