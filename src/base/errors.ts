// SPDX-License-Identifier: Apache-2.0
/** What a user can cause and read. A programmer's mistake is a plain `Error`. */
export class AtomicError extends Error {
  override readonly name = "AtomicError";
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: { cause?: unknown; hint?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}

/** A room's errors: the factory is called with a code of the room's closed set. */
export interface ErrorFactory<Code extends string> {
  (code: Code, message: string, options?: { cause?: unknown; hint?: string }): AtomicError;
  /** Full code -> explanation, for `atomic explain`. */
  readonly explanations: ReadonlyMap<string, string>;
  /** Whether `error` is this room's error `code`. */
  is(error: unknown, ...codes: Code[]): error is AtomicError;
}

/**
 * Declares the errors of `room`. Full codes read `room-code`.
 * @param explanations code -> what it means and what to do, shown by `atomic explain`
 */
export function defineErrors<Code extends string>(
  room: string,
  explanations: Record<Code, string>,
): ErrorFactory<Code> {
  const make = (code: Code, message: string, options?: { cause?: unknown; hint?: string }) =>
    new AtomicError(`${room}-${code}`, message, options);
  const texts = Object.entries<string>(explanations);
  return Object.assign(make, {
    explanations: new Map(texts.map(([code, text]) => [`${room}-${code}`, text])),
    is: (error: unknown, ...codes: Code[]): error is AtomicError =>
      error instanceof AtomicError && codes.some((code) => error.code === `${room}-${code}`),
  });
}

/** Whether `error` is a system error with one of these codes (`ENOENT`, ...). */
export function isErrno(error: unknown, ...codes: string[]): error is NodeJS.ErrnoException {
  return error instanceof Error && codes.includes((error as NodeJS.ErrnoException).code ?? "");
}

/** Runs `action`; a system error with one of `codes` gives `undefined`, any other is thrown. */
export function unlessErrno<T>(codes: string[], action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (isErrno(error, ...codes)) return undefined;
    throw error;
  }
}

export const baseError = defineErrors("base", {
  truncated: "A file or message ended before the data that it announces.",
  "trailing-data": "A file or message goes on after the data that it announces.",
  "process-failed": "A system program that was started ended with an error; its last lines are shown.",
  "program-missing": "A system program that is needed is not installed. Install the package that the hint names.",
  "http-status": "A server answered a request with an error status.",
  "http-failed": "A server could not be reached, or the connection broke and retries did not help.",
  "too-large": "A download or file is larger than what was announced or than the safe limit for its kind.",
  damaged: "Compressed data is not in its format, ends too early, or its check sum is wrong. Fetch the file anew.",
  "xz-failed": "The system's liblzma could not compress: it is out of memory, or is too old a release.",
  syscall: "The kernel refused an operation; the message names the call, the path and the reason.",
  unsafe: "A path would lead outside of the directory that it must stay in.",
  busy: "Another process holds the lock. Wait for it to end, or see who holds it.",
});
