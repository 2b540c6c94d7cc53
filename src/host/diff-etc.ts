// SPDX-License-Identifier: Apache-2.0
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, type Stats } from "node:fs";
import { join } from "node:path";
import { lstatIfExists } from "../base/index.ts";

/** How a path of a configuration directory differs from what its version shipped. */
export interface EtcChange {
  /** Relative to the directory, without leading slash. */
  readonly path: string;
  readonly kind: "modified" | "removed" | "added";
  /** Whether the path is, in the changed directory, another kind of file than it was shipped as. */
  readonly retyped: boolean;
}

/**
 * What an administrator changed: `original` (usr/etc) against `modified` (etc), parents before children. Type, owner,
 * mode and content count; times do not, nor do extended attributes, because /usr/etc and /etc have different SELinux
 * labels (`merge_configuration_from`). Below a removed or retyped path nothing more is listed.
 */
export function diffEtc(original: string, modified: string): EtcChange[] {
  const changes: EtcChange[] = [];
  diffDirectory(original, modified, "", changes);
  return changes;
}

function diffDirectory(original: string, modified: string, path: string, changes: EtcChange[]): void {
  const before = new Set(readdirSync(join(original, path)));
  const after = new Set(readdirSync(join(modified, path)));
  for (const name of [...before.union(after)].sort()) {
    const child = path === "" ? name : `${path}/${name}`;
    if (!after.has(name)) changes.push({ path: child, kind: "removed", retyped: false });
    else if (before.has(name)) diffEntry(original, modified, child, changes);
    else listAdded(modified, child, changes);
  }
}

function diffEntry(original: string, modified: string, path: string, changes: EtcChange[]): void {
  const [from, to] = [join(original, path), join(modified, path)];
  const [before, after] = [lstatSync(from), lstatSync(to)];
  const retyped = fileType(before) !== fileType(after);
  if (retyped || !sameFile(from, before, to, after)) changes.push({ path, kind: "modified", retyped });
  if (!retyped && after.isDirectory()) diffDirectory(original, modified, path, changes);
}

function listAdded(modified: string, path: string, changes: EtcChange[]): void {
  changes.push({ path, kind: "added", retyped: false });
  if (lstatIfExists(join(modified, path))?.isDirectory() !== true) return;
  for (const name of readdirSync(join(modified, path)).sort()) listAdded(modified, `${path}/${name}`, changes);
}

const fileType = (stat: Stats): number => stat.mode & 0o170000;

function sameFile(from: string, before: Stats, to: string, after: Stats): boolean {
  if (before.mode !== after.mode || before.uid !== after.uid || before.gid !== after.gid) return false;
  if (after.isSymbolicLink()) return readlinkSync(from) === readlinkSync(to);
  return !after.isFile() || (before.size === after.size && sameContent(from, to));
}

const blockSize = 65536;
const blocks = [Buffer.allocUnsafeSlow(blockSize), Buffer.allocUnsafeSlow(blockSize)] as const;

function sameContent(from: string, to: string): boolean {
  const files = [openSync(from, "r"), openSync(to, "r")] as const;
  try {
    for (;;) {
      const [a, b] = [fill(files[0], blocks[0]), fill(files[1], blocks[1])];
      if (!a.equals(b)) return false;
      if (a.length < blockSize) return true;
    }
  } finally {
    files.forEach(closeSync);
  }
}

/** Reads until the block is full or the file ends. */
function fill(fd: number, block: Buffer): Buffer {
  let length = 0;
  for (;;) {
    const count = readSync(fd, block, length, block.length - length, null);
    length += count;
    if (count === 0 || length === block.length) return block.subarray(0, length);
  }
}
