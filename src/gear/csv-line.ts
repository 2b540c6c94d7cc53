// SPDX-License-Identifier: Apache-2.0
/**
 * One line of comma-separated values (RFC 4180) as Go's encoding/csv has it: both engines take `--mount` apart so, and podman options
 * that have several values (pflag's StringSlice).
 */

/** Undefined for what is not one such line. */
export function parseCsvLine(line: string): string[] | undefined {
  const field = /(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n?$)/y;
  const fields: string[] = [];
  for (;;) {
    const match = field.exec(line);
    if (match === null) return undefined;
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2]!);
    if (match[3] !== ",") return line.trim() === "" ? undefined : fields;
  }
}

export const csvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

export const formatCsvLine = (fields: readonly string[]): string => fields.map(csvField).join(",");
