// SPDX-License-Identifier: Apache-2.0
import { userName } from "../base/index.ts";

/** Who typed what, for histories. @param show what others may read of a word */
export function initiator(show: (word: string) => string = (word) => word): {
  readonly commandLine: string;
  readonly agent: string;
} {
  const shown = process.argv.slice(2).map(show);
  const words = shown.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word)));
  return { commandLine: ["atomic", ...words].join(" "), agent: process.env["SUDO_USER"] ?? userName() };
}
