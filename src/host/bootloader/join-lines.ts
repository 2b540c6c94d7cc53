// SPDX-License-Identifier: Apache-2.0

/** Lines as a file. Of the empty ones only the first stays, and none at the start (`_ostree_sysroot_join_lines`). */
export function joinLines(lines: readonly string[]): string {
  const firstEmpty = lines.findIndex((line, index) => line === "" && index > 0);
  return lines
    .filter((line, index) => line !== "" || index === firstEmpty)
    .map((line) => `${line}\n`)
    .join("");
}
