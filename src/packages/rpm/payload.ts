// SPDX-License-Identifier: Apache-2.0
/** The payload of a package joined with its table of files: rpm's lib/rpmfi.c, `iterReadArchiveNext`. */
import { posix } from "node:path";
import { baseError, type ByteSource, decodeText, safeRelative, type Xattr } from "../../base/index.ts";
import { type CpioMember, fileTypeOf, readCpioMembers, type TarEntry } from "../../formats/index.ts";
import { packageError } from "../errors.ts";
import { encodeCapabilities } from "./capabilities.ts";
import { fileFlag, type RpmFileInfo, type RpmFileTable } from "./file-table.ts";

/** A file of the payload, in the shape of archives, with what the header says of it. */
export interface RpmEntry extends TarEntry {
  readonly file: RpmFileInfo;
}

/** PATH_MAX; a longer target is an attack on memory. */
const targetLimit = 4096;

/**
 * The entries in the order of the archive, but that the names of one file come together, the one with the content first.
 * Names, types and sizes are the header's: what is signed. An archive with a file that is not in the table, without one
 * that is, or with a size that is not the table's, is refused: `packages-rpm`; `base-unsafe` for paths that climb out.
 */
export function* readPayload(
  source: ByteSource,
  table: RpmFileTable,
  what: string,
): Generator<RpmEntry, void, undefined> {
  const checked = checkPaths(table, what);
  const places = new Map(checked.map((path, at) => [path, at]));
  const seen = new Set<number>();
  /** Names of files whose content has not come yet. */
  const waiting = new Set<number>();
  const sizeOf = (index: number) => contentSize(table, fileAt(table, index, what), index);
  for (const member of readCpioMembers(source, what, sizeOf)) {
    const at = member.index ?? places.get(safeRelative(member.name, what));
    if (at === undefined) throw packageError("rpm", `${what}: ${JSON.stringify(member.name)} is not in the header`);
    const file = fileAt(table, at, what);
    // Packages of rpm before 4.11 may have ghosts in the payload; rpm skips them too.
    if ((file.flags & fileFlag.ghost) !== 0) continue;
    if (seen.has(at)) throw packageError("rpm", `${what}: ${file.path} is twice in the payload`);
    seen.add(at);
    checkMember(member, file, contentSize(table, file, at), what);
    const set = table.links.get(at) ?? [at];
    const bearer = set.at(-1)!;
    if (bearer !== at) {
      if (seen.has(bearer)) yield hardLink(file, checked[at]!, checked[bearer]!, what);
      else waiting.add(at);
      continue;
    }
    yield entryOf(member, file, checked[at]!, what);
    for (const other of set) {
      if (!waiting.delete(other)) continue;
      yield hardLink(table.files[other]!, checked[other]!, checked[at]!, what);
    }
  }
  if (waiting.size > 0) throw packageError("rpm", `${what}: hard links without their content`);
  const missing = table.files.find((file, at) => (file.flags & fileFlag.ghost) === 0 && !seen.has(at));
  if (missing !== undefined) throw packageError("rpm", `${what}: ${missing.path} is not in the payload`);
}

function fileAt(table: RpmFileTable, index: number, what: string): RpmFileInfo {
  const file = table.files[index];
  if (file === undefined) throw packageError("rpm", `${what}: file ${index} of ${table.files.length}`);
  return file;
}

/** Only the last name of a hard-linked file has its content. */
function contentSize(table: RpmFileTable, file: RpmFileInfo, at: number): number {
  const type = fileTypeOf(file.mode);
  if (type === "symlink") return file.size;
  if (type !== "file") return 0;
  const set = table.links.get(at);
  return set === undefined || set.at(-1) === at ? file.size : 0;
}

/**
 * The paths of all files, relative to the root. Refused are those that climb out (`base-unsafe`), are there twice, or lead
 * through a symlink of the same package: unpacked in order, it would write where the symlink points.
 */
function checkPaths(table: RpmFileTable, what: string): string[] {
  const checked = table.files.map(({ path }) => safeRelative(path, what));
  const symlinks = new Set(checked.filter((_, at) => fileTypeOf(table.files[at]!.mode) === "symlink"));
  const all = new Set<string>();
  for (const path of checked) {
    if (all.has(path)) throw packageError("rpm", `${what}: ${JSON.stringify(path)} is twice in the header`);
    all.add(path);
    if (symlinks.size === 0) continue;
    for (let parent = posix.dirname(path); parent !== "."; parent = posix.dirname(parent)) {
      if (symlinks.has(parent)) throw baseError("unsafe", `${what}: ${path} leads through the symlink ${parent}`);
    }
  }
  return checked;
}

function checkMember(member: CpioMember, file: RpmFileInfo, expected: number, what: string): void {
  if (fileTypeOf(file.mode) === undefined) throw packageError("rpm", `${what}: ${file.path} is of no known type`);
  if (member.index === undefined && fileTypeOf(member.mode) !== fileTypeOf(file.mode)) {
    throw packageError("rpm", `${what}: ${file.path} is of another type in the payload than in the header`);
  }
  if (member.size !== expected) {
    throw packageError(
      "rpm",
      `${what}: ${file.path} has ${member.size} bytes in the payload, the header says ${expected}`,
    );
  }
}

function entryOf(member: CpioMember, file: RpmFileInfo, path: string, what: string): RpmEntry {
  const type = fileTypeOf(file.mode)!;
  if (type !== "symlink")
    return { ...describe(file, path, what), type, pieces: member.pieces, content: member.content };
  const written = decodeText(member.content(targetLimit));
  if (written !== file.linkTarget) {
    throw packageError("rpm", `${what}: the target of ${file.path} is another one in the payload than in the header`);
  }
  return { ...describe(file, path, what), type, pieces: noPieces, content: noContent };
}

function hardLink(file: RpmFileInfo, path: string, target: string, what: string): RpmEntry {
  const linked = { ...describe(file, path, what), size: 0 };
  return { ...linked, type: "hardlink", target, pieces: noPieces, content: noContent };
}

function* noPieces(): Generator<Buffer, void, undefined> {}
const noContent = () => Buffer.alloc(0);

function describe(file: RpmFileInfo, path: string, what: string): Omit<RpmEntry, "type" | "pieces" | "content"> {
  return {
    path,
    mode: file.mode & 0o7777,
    uid: 0,
    gid: 0,
    userName: file.user,
    groupName: file.group,
    size: fileTypeOf(file.mode) === "file" ? file.size : 0,
    mtime: file.mtime,
    target: file.linkTarget,
    device: { major: file.deviceNumber >> 8, minor: file.deviceNumber & 0xff },
    xattrs: readXattrs(file, what),
    file,
  };
}

/** IMA signatures are left out: whether they are wanted is the composer's choice; they stand in the table. */
function readXattrs(file: RpmFileInfo, what: string): Xattr[] {
  const value = encodeCapabilities(file.capabilities, `${what}: ${file.path}`);
  return value === undefined ? [] : [{ name: "security.capability", value }];
}
