// SPDX-License-Identifier: Apache-2.0
/** Layers of any container image, which hold files (OCI image-spec, layer.md; ostree-rs-ext, tar/write.rs). */
import type { ProgressListener } from "../../base/index.ts";
import type { TarEntry } from "../../formats/index.ts";
import { ArchiveImport } from "../archive/archive-import.ts";
import type { OpenArchive } from "../archive/open-archive.ts";
import type { Checksum } from "../model.ts";
import { storeTasks } from "../store-tasks.ts";
import type { Transaction } from "../transaction.ts";
import { type DirNode, findNode, newDirectory } from "../tree.ts";
import { writeCommit } from "../write-commit.ts";
import { writeTree } from "../write-tree.ts";

/** What is in them belongs to the running machine (systemd's API file systems); the directories themselves are kept. */
const apiDirectories = new Set(["run", "tmp", "proc", "sys", "dev"]);

/**
 * Commits a layer as it is, whiteouts too. Its commit stands for it in the repository.
 * @param use what the image is for: a host's /etc is where a deployment's defaults are, a container's where it is
 */
export async function importTreeLayer(
  transaction: Transaction,
  archive: OpenArchive,
  progress: ProgressListener,
  use: "host" | "container" = "host",
): Promise<Checksum> {
  const { what } = archive;
  const entries = () => (use === "host" ? hostEntries(archive.entries()) : containerEntries(archive.entries()));
  const layer = new ArchiveImport(transaction, undefined, { autocreateParents: true });
  await storeTasks(transaction.store, layer.tasks({ what, entries, close: () => archive.close() }), { progress });
  const root = layer.finish() ?? newDirectory();
  if (use === "host") dropRepository(root);
  const { tree, meta } = await writeTree(transaction.repo, root, { transaction });
  return writeCommit(transaction.repo, { tree, meta, timestamp: 0, transaction });
}

/** /etc is where a deployment's defaults are. */
function hostPath(path: string): string {
  return path === "etc" || path.startsWith("etc/") ? `usr/${path}` : path;
}

function* hostEntries(entries: Iterable<TarEntry>): Generator<TarEntry, void, undefined> {
  for (const entry of entries) {
    const [first = "", ...rest] = entry.path.split("/");
    if (apiDirectories.has(first) && rest.length > 0) continue;
    const target = entry.type === "hardlink" ? hostPath(entry.target) : entry.target;
    yield { ...entry, path: hostPath(entry.path), target };
  }
}

/** Nodes of devices are the runtime's to make. */
function* containerEntries(entries: Iterable<TarEntry>): Generator<TarEntry, void, undefined> {
  for (const entry of entries) if (!/^dev\/./.test(entry.path)) yield entry;
}

/**
 * The objects of a commit that a flattened image carries are no files of the host; what was linked to them has their content
 * by now.
 */
function dropRepository(root: DirNode): void {
  const sysroot = findNode(root, "sysroot");
  if (sysroot?.kind === "dir") sysroot.entries = new Map();
}
