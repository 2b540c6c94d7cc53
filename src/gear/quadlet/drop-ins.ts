// SPDX-License-Identifier: Apache-2.0
import type { QuadletFile } from "./quadlet-file.ts";

/**
 * Names of the directories of a file's drop-ins, the most specific first: its own, that of its template, of each name that
 * ends at a dash, and of its kind (podman's GetUnitDropinPaths; systemd.unit(5)).
 */
export function dropInDirectories(file: Pick<QuadletFile, "name" | "kind" | "parts">): string[] {
  const ending = `.${file.kind}.d`;
  const { name, instance } = file.parts;
  const dashes = [...name.matchAll(/-/g)].map((match) => name.slice(0, match.index + 1));
  const truncated = dashes.toReversed().flatMap((start) => {
    const plain = start + ending;
    return instance === undefined ? [plain] : [`${start}@${ending}`, plain];
  });
  const template = instance === undefined || instance === "" ? [] : [`${name}@${ending}`];
  return [`${file.name}.d`, ...template, ...truncated, `${file.kind}.d`];
}
