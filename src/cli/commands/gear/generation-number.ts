// SPDX-License-Identifier: Apache-2.0
import { cliError } from "../../errors.ts";

/** A number of a generation as it is typed; undefined where none is. */
export function generationNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw cliError("usage", `${JSON.stringify(text)} is not the number of a generation`);
}
