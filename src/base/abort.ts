// SPDX-License-Identifier: Apache-2.0

/**
 * Waits for `work`, but no longer than until the signal: then its reason is thrown, and what becomes of the work is of no
 * interest. Only for work that may be left alone, such as reading from a server.
 */
export async function unlessAborted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (signal === undefined) return work;
  using aborted = whenAborted(signal);
  // Awaited here: what is disposed of would be so before it settles.
  return await Promise.race([work, aborted.promise]);
}

/** As `unlessAborted`, for each item. */
export async function* untilAborted<T>(signal: AbortSignal | undefined, items: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  for (;;) {
    const next = await unlessAborted(signal, iterator.next());
    if (next.done === true) return;
    yield next.value;
  }
}

function whenAborted(signal: AbortSignal): Disposable & { readonly promise: Promise<never> } {
  const { promise, reject } = Promise.withResolvers<never>();
  const disposable = onAbort(signal, reject);
  // Nobody may be waiting any more.
  promise.catch(() => {});
  return { promise, [Symbol.dispose]: () => disposable[Symbol.dispose]() };
}

/** Calls back with the reason when the signal comes, or at once when it has come, until it is disposed of. */
export function onAbort(signal: AbortSignal | undefined, listener: (reason: unknown) => void): Disposable {
  const stop = () => listener(signal?.reason);
  if (signal?.aborted === true) stop();
  else signal?.addEventListener("abort", stop);
  return { [Symbol.dispose]: () => signal?.removeEventListener("abort", stop) };
}
