// SPDX-License-Identifier: Apache-2.0
/**
 * One change of a system root, to be cut short: `operation NAME DIRECTORY`, where DIRECTORY has `sysroot` and what else the
 * scenario needs. Exits with 0 when done, 3 when it says that the disk is full, 4 for another error.
 */
import { isErrno } from "../../src/base/index.ts";
import { hostError } from "../../src/host/index.ts";
import { scenarios } from "./scenarios.ts";

const [name, directory] = process.argv.slice(2);
scenarios[name as keyof typeof scenarios].change(directory!).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = saysDiskIsFull(error) ? 3 : 4;
});

function saysDiskIsFull(error: unknown): boolean {
  if (hostError.is(error, "no-space") || isErrno(error, "ENOSPC")) return true;
  return error instanceof Error && error.cause !== undefined && saysDiskIsFull(error.cause);
}
