// SPDX-License-Identifier: Apache-2.0
import { findProgram } from "../../base/index.ts";
import { gearError } from "../errors.ts";

/** The distribution's OCI runtimes, by what has to be said to all of them alike. */
const runtimes = ["runc", "crun"];

/** Path of a runtime, by name or path; the first that is here where none is named. @throws gear-unsupported */
export function findRuntime(named: string | undefined): string {
  if (named?.startsWith("/") === true && /^[\w./-]+$/.test(named)) return named;
  const wanted = named === undefined ? runtimes : [named];
  const found = wanted
    .map((name) => (runtimes.includes(name) ? findProgram(name) : undefined))
    .find((path) => path !== undefined);
  if (found !== undefined) return found;
  throw gearError("unsupported", `there is no OCI runtime ${wanted.join(" or ")}`, {
    hint: "apt-get install runc, or crun; or name a path with --runtime",
  });
}
