// SPDX-License-Identifier: Apache-2.0
import { run } from "./process.ts";

/**
 * Writes an entry to the system's journal, as `logger --journald` does it. The journal is a help, not a condition of what is
 * told of: false when it could not be told.
 */
export async function writeJournal(fields: Readonly<Record<string, string | number>>): Promise<boolean> {
  // A line break would end the field.
  const lines = Object.entries(fields).map(([key, value]) => `${key}=${String(value).replace(/[\n\0]/g, " ")}\n`);
  try {
    await run("logger", ["--journald"], { input: lines.join("") });
    return true;
  } catch {
    return false;
  }
}
