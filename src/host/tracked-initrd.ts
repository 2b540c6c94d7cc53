// SPDX-License-Identifier: Apache-2.0
/** Makes the initramfs of the files of /etc that an origin says are tracked. */
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { isErrno } from "../base/index.ts";
import { type CpioEntry, encodeCpio, type Keyfile } from "../formats/index.ts";
import { hostError } from "./errors.ts";

/** Where rpm-ostree has the list. */
const trackedKey = ["rpmostree", "initramfs-etc"] as const;

/** What is loaded at each boot before the root file system is there. */
const largest = 64 << 20;

/** Absolute paths below /etc. */
export function trackedFiles(origin: Keyfile | undefined): readonly string[] {
  return origin?.getList(...trackedKey) ?? [];
}

export function writeTracked(origin: Keyfile, files: readonly string[]): void {
  if (files.length > 0) origin.setList(...trackedKey, [...new Set(files)].toSorted());
  else origin.removeKey(...trackedKey);
}

/**
 * A compressed initramfs with the files, and what is in the directories, of `root`'s /etc
 * (`generate_initramfs_overlay`); the same bytes for the same files.
 */
export function encodeTrackedInitrd(root: string, files: readonly string[]): Buffer {
  const paths = new Set<string>();
  for (const file of files) {
    const path = canonical(file);
    const parts = path.split("/");
    // The kernel makes no directories that are not in the archive.
    for (const [index] of parts.entries()) paths.add(parts.slice(0, index + 1).join("/"));
    addBelow(root, path, paths);
  }
  const entries = [...paths].toSorted().map((path) => readEntry(root, path));
  if (entries.reduce((sum, { content }) => sum + content.length, 0) > largest)
    throw hostError("bad-etc-path", `the tracked files are larger than ${largest >> 20} MiB`);
  return gzipSync(encodeCpio(entries), { level: 1 });
}

/** `etc/...`; a path must be written as it is, without dots, so that none leads elsewhere. */
function canonical(file: string): string {
  if (!file.startsWith("/etc/")) throw hostError("bad-etc-path", `Path outside /etc forbidden: ${file}`);
  const path = file.slice(1);
  const isPlain = path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
  if (isPlain && !path.includes("\0")) return path;
  throw hostError("bad-etc-path", `invalid path ${file}: must be canonical`);
}

function addBelow(root: string, path: string, paths: Set<string>): void {
  paths.add(path);
  if (!stat(root, path).isDirectory()) return;
  for (const name of readdirSync(join(root, path))) addBelow(root, `${path}/${name}`, paths);
}

function readEntry(root: string, path: string): CpioEntry {
  const found = stat(root, path);
  const { mode, uid, gid, mtimeMs } = found;
  const content = found.isFile()
    ? readFileSync(join(root, path))
    : Buffer.from(found.isSymbolicLink() ? readlinkSync(join(root, path)) : "");
  return { path, mode, uid, gid, mtime: Math.floor(mtimeMs / 1000), content };
}

function stat(root: string, path: string): Stats {
  try {
    const found = lstatSync(join(root, path));
    if (found.isFile() || found.isSymbolicLink() || found.isDirectory()) return found;
  } catch (cause) {
    if (!isErrno(cause, "ENOENT", "ENOTDIR")) throw cause;
    throw hostError("bad-etc-path", `/${path} is not there to be tracked`, { cause });
  }
  throw hostError("bad-etc-path", `Invalid non-regfile/symlink/directory: /${path}`);
}
