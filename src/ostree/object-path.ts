// SPDX-License-Identifier: Apache-2.0
import { existsSync, lstatSync } from "node:fs";
import type { Checksum, ObjectType, RepoMode } from "./model.ts";

/** Path of an object below `objects/` (_ostree_loose_path). */
export function loosePath(checksum: Checksum, type: ObjectType, mode: RepoMode): string {
  const extension = type === "file" && mode === "archive" ? "filez" : type;
  return `${checksum.slice(0, 2)}/${checksum.slice(2)}.${extension}`;
}

/** What follows the checksum in the names of files. */
const extensions: ReadonlyMap<string, ObjectType> = new Map([
  ["file", "file"],
  ["filez", "file"],
  ["dirtree", "dirtree"],
  ["dirmeta", "dirmeta"],
  ["commit", "commit"],
  ["commitmeta", "commitmeta"],
  ["tombstone-commit", "tombstone-commit"],
  ["payload-link", "payload-link"],
  ["file-xattrs", "file-xattrs"],
  ["file-xattrs-link", "file-xattrs-link"],
]);

const digitCount = 62;

/** The object that a file below `objects/PREFIX/` is; `undefined` for anything else. */
export function parseLoose(prefix: string, name: string): { checksum: Checksum; type: ObjectType } | undefined {
  if (name[digitCount] !== ".") return undefined;
  const type = extensions.get(name.slice(digitCount + 1));
  if (type === undefined || !beginsWithDigits(name)) return undefined;
  return { checksum: `${prefix}${name.slice(0, digitCount)}` as Checksum, type };
}

/** A loop, as it is asked of every object. */
function beginsWithDigits(name: string): boolean {
  for (let index = 0; index < digitCount; index++) {
    const code = name.charCodeAt(index);
    if (!((code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66))) return false;
  }
  return true;
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
