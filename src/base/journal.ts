// SPDX-License-Identifier: Apache-2.0
import { run } from "./process.ts";

/** By name; an entry may have several values of one field. */
export type JournalFields = Readonly<Record<string, string | number | readonly string[]>>;

/**
 * Writes an entry to the system's journal, as `logger --journald` does it. The journal is a help, not a condition of what is
 * told of: false when it could not be told.
 */
export async function writeJournal(fields: JournalFields): Promise<boolean> {
  const lines = Object.entries(fields).flatMap(([key, value]) =>
    // A line break would end the field.
    [value].flat().map((one) => `${key}=${String(one).replace(/[\n\0]/g, " ")}\n`),
  );
  try {
    await run("logger", ["--journald"], { input: lines.join("") });
    return true;
  } catch {
    return false;
  }
}
