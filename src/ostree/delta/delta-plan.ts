// SPDX-License-Identifier: Apache-2.0
/** What a delta has to carry: the objects of one commit that another does not have, and where they are in the tree. */
import { type Checksum, directoryDepthLimit, type FileHeader, isSymlinkMode } from "../model.ts";
import { ostreeError } from "../errors.ts";
import type { Repo } from "../repo.ts";
import type { DeltaObject } from "./format.ts";

/** A content object that must be carried. */
export interface NewFile {
  readonly checksum: Checksum;
  readonly header: FileHeader;
  /** Bytes of the content, 0 for a symbolic link. */
  readonly size: number;
  /** Where it is in the tree, without leading slash; the first place when there are several. */
  readonly path: string;
}

export interface DeltaPlan {
  readonly metadata: readonly DeltaObject[];
  /** Regular files, sorted by path. */
  readonly files: readonly NewFile[];
  readonly symlinks: readonly NewFile[];
  /** All files of the old commit by path. */
  readonly old: ReadonlyMap<string, Checksum>;
  /** Files of the old commit that the new one does not have. */
  readonly vanished: ReadonlySet<Checksum>;
}

/** @param from absent: everything is new */
export function planDelta(repo: Repo, from: Checksum | undefined, to: Checksum): DeltaPlan {
  const before = from === undefined ? emptyTree() : scanCommit(repo, from);
  const after = scanCommit(repo, to);
  const kept = new Set(after.files.values());
  const vanished = new Set([...before.files.values()].filter((checksum) => !kept.has(checksum)));
  const content = newContent(repo, new Set(before.files.values()), after.files);
  const metadata = [...after.metadata].filter(([checksum]) => !before.metadata.has(checksum));
  return {
    metadata: metadata.map(([checksum, type]) => ({ checksum, type })),
    files: content.filter(({ header }) => !isSymlinkMode(header.mode)),
    symlinks: content.filter(({ header }) => isSymlinkMode(header.mode)),
    old: before.files,
    vanished,
  };
}

interface ScannedTree {
  /** Path, without leading slash, to content object. */
  readonly files: Map<string, Checksum>;
  readonly metadata: Map<Checksum, "dirtree" | "dirmeta">;
}

function emptyTree(): ScannedTree {
  return { files: new Map(), metadata: new Map() };
}

function scanCommit(repo: Repo, checksum: Checksum): ScannedTree {
  const { tree, meta } = repo.loadCommit(checksum);
  const scanned = emptyTree();
  scanned.metadata.set(meta, "dirmeta");
  scanDirectory(repo, tree, "", 0, scanned);
  return scanned;
}

function scanDirectory(repo: Repo, tree: Checksum, path: string, depth: number, scanned: ScannedTree): void {
  if (depth > directoryDepthLimit) throw ostreeError("corrupt-object", `dirtree ${tree}: nested too deep`);
  scanned.metadata.set(tree, "dirtree");
  const { files, dirs } = repo.loadDirTree(tree);
  for (const { name, checksum } of files) scanned.files.set(`${path}${name}`, checksum);
  for (const { name, tree, meta } of dirs) {
    scanned.metadata.set(meta, "dirmeta");
    scanDirectory(repo, tree, `${path}${name}/`, depth + 1, scanned);
  }
}

function newContent(repo: Repo, before: ReadonlySet<Checksum>, after: ReadonlyMap<string, Checksum>): NewFile[] {
  const seen = new Set<Checksum>();
  const content: NewFile[] = [];
  for (const [path, checksum] of after) {
    if (before.has(checksum) || seen.has(checksum)) continue;
    seen.add(checksum);
    const { header, size } = repo.loadFile(checksum);
    content.push({ checksum, header, size, path });
  }
  return content.sort((a, b) => (a.path < b.path ? -1 : 1));
}
