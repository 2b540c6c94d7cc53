// SPDX-License-Identifier: Apache-2.0
/** Names of static deltas, as directories and in the summary (ostree-core.c: _ostree_get_relative_static_delta_path). */
import { hash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { listDirectory, removeTree } from "../base/index.ts";
import { ostreeError } from "./errors.ts";
import { type Checksum, checksumFromBytes, isChecksum } from "./model.ts";
import type { Repo } from "./repo.ts";

/** The commits that a delta leads from and to. */
export interface DeltaEnds {
  /** Absent when the delta starts from nothing. */
  readonly from?: Checksum | undefined;
  readonly to: Checksum;
}

export interface DeltaName extends DeltaEnds {
  /** Directory of the delta, absolute. */
  readonly path: string;
}

/** `FROM-TO` or `TO` in hexadecimal: the name in the summary and on the command line. */
export function deltaName({ from, to }: DeltaEnds): string {
  return from === undefined ? to : `${from}-${to}`;
}

/** _ostree_parse_delta_name */
export function parseDeltaName(name: string): DeltaEnds {
  const dash = name.indexOf("-");
  if (dash < 0) return { to: checkRev(name) };
  return { from: checkRev(name.slice(0, dash)), to: checkRev(name.slice(dash + 1)) };
}

function checkRev(text: string): Checksum {
  if (isChecksum(text)) return text;
  throw ostreeError("bad-checksum", `Invalid rev ${text.slice(0, 200)}`);
}

/**
 * Where a file of a delta is, below the repository; also the key of what a superblock carries inline.
 * @param file none gives the directory
 */
export function deltaPath({ from, to }: DeltaEnds, file?: string): string {
  const name = from === undefined ? encodeName(to) : `${encodeName(from)}-${encodeName(to)}`;
  const directory = `deltas/${name.slice(0, 2)}/${name.slice(2)}`;
  return file === undefined ? directory : `${directory}/${file}`;
}

/** Where the index of the deltas to a commit is, below the repository. */
export function deltaIndexPath(to: Checksum): string {
  const name = encodeName(to);
  return `delta-indexes/${name.slice(0, 2)}/${name.slice(2)}.index`;
}

/** All static deltas of a repository: `deltas/PP/REST`, where PP and REST together are `FROM-TO` or `TO`. */
export function listDeltas(repo: Repo): DeltaName[] {
  const root = join(repo.path, "deltas");
  return listDirectory(root).flatMap((prefix) =>
    listDirectory(join(root, prefix)).flatMap((rest) => {
      const name = parseEncoded(`${prefix}${rest}`);
      const path = join(root, prefix, rest);
      return name && existsSync(join(path, "superblock")) ? [{ ...name, path }] : [];
    }),
  );
}

/** Commits that have an index of the deltas to them. */
export function listDeltaIndexes(repo: Repo): Checksum[] {
  const root = join(repo.path, "delta-indexes");
  const suffix = ".index";
  return listDirectory(root).flatMap((prefix) =>
    listDirectory(join(root, prefix)).flatMap((file) => {
      const to = file.endsWith(suffix) ? decodeName(`${prefix}${file.slice(0, -suffix.length)}`) : undefined;
      return to === undefined ? [] : [to];
    }),
  );
}

function parseEncoded(name: string): DeltaEnds | undefined {
  const parts = name.split("-").map(decodeName);
  const [first, second] = parts;
  if (first === undefined || parts.includes(undefined)) return undefined;
  if (parts.length === 1) return { to: first };
  return parts.length === 2 && second !== undefined ? { from: first, to: second } : undefined;
}

/** Base64 without padding, `_` for `/` (ostree_checksum_b64_from_bytes). */
function encodeName(checksum: Checksum): string {
  return Buffer.from(checksum, "hex").toString("base64").replace(/=+$/, "").replaceAll("/", "_");
}

function decodeName(text: string): Checksum | undefined {
  const bytes = Buffer.from(text.replaceAll("_", "/"), "base64");
  return text.length === 43 && bytes.length === 32 ? checksumFromBytes(bytes, text) : undefined;
}

/** Name in the summary -> SHA-256 of the superblock file. */
export function deltaDigests(deltas: readonly DeltaName[]): Map<string, Buffer> {
  const digests = deltas.map((delta): [string, Buffer] => [
    deltaName(delta),
    hash("sha256", readFileSync(join(delta.path, "superblock")), "buffer"),
  ]);
  return new Map(digests.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Deletes the deltas to a commit; without one those to commits that are gone (ostree_repo_prune_static_deltas). */
export function pruneDeltas(repo: Repo, commit?: Checksum): void {
  for (const { to, path } of listDeltas(repo)) {
    if (commit === undefined ? !repo.has(to, "commit") : to === commit) removeTree(path);
  }
}
