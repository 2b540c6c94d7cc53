// SPDX-License-Identifier: Apache-2.0
import { ostreeError } from "./errors.ts";

/** `add` bits to the mode, or `set` its permissions. */
export interface StatOverride {
  readonly kind: "add" | "set";
  readonly mode: number;
}

/** Reads a statoverride file: lines of `MODE PATH` or `=MODE PATH`, the mode in decimal. */
export function parseStatOverride(text: string, what: string): Map<string, StatOverride> {
  const entries = new Map<string, StatOverride>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    if (!line.includes(" ")) throw ostreeError("bad-statoverride", "Malformed statoverride file (no space found)");
    const match = /^(=?)\+?(\d+) (.+)$/.exec(line);
    if (!match?.[2] || !match[3]) {
      throw ostreeError("bad-statoverride", `${what}: malformed line ${JSON.stringify(line.slice(0, 100))}`);
    }
    entries.set(match[3], { kind: match[1] === "=" ? "set" : "add", mode: Number(match[2]) });
  }
  return entries;
}
