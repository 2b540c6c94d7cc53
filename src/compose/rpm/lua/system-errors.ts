// SPDX-License-Identifier: Apache-2.0
import { errnoText } from "../../../base/index.ts";

export interface ErrnoResult {
  readonly errno: number;
  readonly text: string;
  /** With the path, as rpm's posix library has it (lposix.c `pusherror`). */
  readonly message: string;
}

/** What Lua's functions return for a system call that failed; undefined for any other error. */
export function errnoResult(error: unknown): ErrnoResult | undefined {
  if (!(error instanceof Error)) return undefined;
  const { errno, path } = error as NodeJS.ErrnoException;
  if (errno === undefined) return undefined;
  const text = errnoText(errno);
  return { errno: Math.abs(errno), text, message: path === undefined ? text : `${path}: ${text}` };
}

/** A system call's failure that this program finds itself. */
export function systemError(errno: number, path?: string): Error {
  return Object.assign(new Error(errnoText(errno)), { code: `E${errno}`, errno: -errno, syscall: "", path });
}
