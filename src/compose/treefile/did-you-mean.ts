// SPDX-License-Identifier: Apache-2.0
import { closestNames } from "../../base/index.ts";

/** The hint of an error about a name that is not known; `_` is taken for the `-` that it often stands for. */
export function didYouMean(written: string, known: Iterable<string>): { hint?: string } {
  const [near] = closestNames(known, written.replaceAll("_", "-"));
  return near === undefined ? {} : { hint: `did you mean ${near}?` };
}
