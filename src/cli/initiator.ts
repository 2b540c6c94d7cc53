// SPDX-License-Identifier: Apache-2.0
import { userName } from "../base/index.ts";

/** Who typed what, for histories. */
export function initiator(): { readonly commandLine: string; readonly agent: string } {
  const words = process.argv.slice(2).map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word)));
  return { commandLine: ["atomic", ...words].join(" "), agent: process.env["SUDO_USER"] ?? userName() };
}
