// SPDX-License-Identifier: Apache-2.0
import { existsSync, lstatSync } from "node:fs";
import type { Checksum, ObjectType, RepoMode } from "./model.ts";

/** Path of an object below `objects/` (_ostree_loose_path). */
export function loosePath(checksum: Checksum, type: ObjectType, mode: RepoMode): string {
  const extension = type === "file" && mode === "archive" ? "filez" : type;
  return `${checksum.slice(0, 2)}/${checksum.slice(2)}.${extension}`;
}

const loosePattern =
  /^([0-9a-f]{62})\.(filez?|dirtree|dirmeta|commit|commitmeta|tombstone-commit|payload-link|file-xattrs|file-xattrs-link)$/;

/** The object that a file below `objects/PREFIX/` is; `undefined` for anything else. */
export function parseLoose(prefix: string, name: string): { checksum: Checksum; type: ObjectType } | undefined {
  const match = loosePattern.exec(name);
  if (!match?.[1] || !match[2]) return undefined;
  const type = match[2] === "filez" ? "file" : (match[2] as ObjectType);
  return { checksum: `${prefix}${match[1]}` as Checksum, type };
}

/**
 * Whether an object's file is there. Bare repositories keep symbolic links as such: those must not be followed, and a
 * dangling one is an object like any other.
 */
export function looseExists(path: string, type: ObjectType, mode: RepoMode): boolean {
  if (existsSync(path)) return true;
  if (type !== "file" || mode === "archive" || mode === "bare-user") return false;
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
