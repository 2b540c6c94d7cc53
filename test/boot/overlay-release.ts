// SPDX-License-Identifier: Apache-2.0
import { posix } from "node:path";
import {
  commitPolicy,
  ensureDirectory,
  type FileNode,
  readTree,
  type Repo,
  writeCommit,
  writeTree,
} from "../../src/ostree/index.ts";
import type { Release } from "./fixture.ts";

/**
 * Commits a release with files more, upon another, labelled by its policy; it is not published yet.
 * @param files path -> content; `-> TARGET` is a link, what begins with `#!` a program
 */
export async function overlayRelease(
  repo: Repo,
  base: Release,
  version: string,
  files: Readonly<Record<string, string>>,
): Promise<Release> {
  const tree = readTree(repo, base.commit);
  for (const [path, text] of Object.entries(files))
    ensureDirectory(tree, posix.dirname(path)).entries.set(posix.basename(path), fileNode(text));
  const label = commitPolicy(repo, base.commit);
  const written = await writeTree(repo, tree, label === undefined ? {} : { label });
  const metadata = new Map([
    ...repo.loadCommit(base.commit).metadata,
    ["version", { type: "s", value: version }] as const,
  ]);
  const timestamp = BigInt(Math.floor(Date.now() / 1000));
  return { commit: writeCommit(repo, { ...written, timestamp, parent: base.commit, metadata }), version };
}

function fileNode(text: string): FileNode {
  const isLink = text.startsWith("-> ");
  const mode = isLink ? 0o120777 : text.startsWith("#!") ? 0o100755 : 0o100644;
  return {
    kind: "file",
    header: { uid: 0, gid: 0, mode, symlink: isLink ? text.slice(3) : "", xattrs: [] },
    source: { type: "bytes", bytes: isLink ? new Uint8Array() : Buffer.from(text) },
  };
}
