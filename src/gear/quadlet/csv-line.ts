// SPDX-License-Identifier: Apache-2.0
/** One line of comma-separated values as Go's encoding/csv has it (RFC 4180), which is how podman takes --mount apart. */

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

export function formatCsvLine(fields: readonly string[]): string {
  const quoted = fields.map((field) =>
    /[",\r\n]|^\s|^\\\.$/.test(field) ? `"${field.replaceAll('"', '""')}"` : field,
  );
  return quoted.join(",");
}
