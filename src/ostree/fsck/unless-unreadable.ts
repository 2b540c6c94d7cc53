// SPDX-License-Identifier: Apache-2.0
/** A damaged object is found and reported by its checksum; elsewhere it only must not end the check. */
export function unlessUnreadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
