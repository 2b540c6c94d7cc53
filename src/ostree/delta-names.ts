// SPDX-License-Identifier: Apache-2.0
/** Names of static deltas, as directories and in the summary (ostree-core.c: _ostree_get_relative_static_delta_path). */
import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listDirectory, removeTree } from "../base/index.ts";
import { type Checksum, checksumFromBytes } from "./model.ts";
import type { Repo } from "./repo.ts";

export interface DeltaName {
  /** Absent when the delta starts from nothing. */
  readonly from?: Checksum;
  readonly to: Checksum;
  /** Directory of the delta, absolute. */
  readonly path: string;
}

/** All static deltas of a repository: `deltas/PP/REST`, where PP and REST together are `FROM-TO` or `TO`. */
export function listDeltas(repo: Repo): DeltaName[] {
  const root = join(repo.path, "deltas");
  return listDirectory(root).flatMap((prefix) =>
    listDirectory(join(root, prefix)).flatMap((rest) => {
      const name = parseDeltaName(`${prefix}${rest}`);
      return name ? [{ ...name, path: join(root, prefix, rest) }] : [];
    }),
  );
}

function parseDeltaName(name: string): { from?: Checksum; to: Checksum } | undefined {
  const parts = name.split("-").map(decodeName);
  const [first, second] = parts;
  if (first === undefined || parts.includes(undefined)) return undefined;
  if (parts.length === 1) return { to: first };
  return parts.length === 2 && second !== undefined ? { from: first, to: second } : undefined;
}

/** Base64 without padding, `_` for `/` (ostree_checksum_b64_to_bytes). */
function decodeName(text: string): Checksum | undefined {
  const bytes = Buffer.from(text.replaceAll("_", "/"), "base64");
  return text.length === 43 && bytes.length === 32 ? checksumFromBytes(bytes, text) : undefined;
}

/** Name in the summary -> SHA-256 of the superblock file. */
export function deltaDigests(repo: Repo): Map<string, Buffer> {
  const digests = listDeltas(repo).map(({ from, to, path }): [string, Buffer] => [
    from === undefined ? to : `${from}-${to}`,
    hash("sha256", readFileSync(join(path, "superblock")), "buffer"),
  ]);
  return new Map(digests.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** ostree_repo_prune_static_deltas without a commit. */
export function deleteDeltasOfMissingCommits(repo: Repo): void {
  for (const { to, path } of listDeltas(repo)) if (!repo.has(to, "commit")) removeTree(path);
}
