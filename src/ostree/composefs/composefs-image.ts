// SPDX-License-Identifier: Apache-2.0
/** Composefs images of commits (ostree-repo-checkout.c: ostree_repo_checkout_composefs). */
import { closeSync, fchmodSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { temporaryName, writeAll } from "../../base/index.ts";
import { FsVerityHasher, type Variant, writeComposefsImage } from "../../formats/index.ts";
import { ostreeError } from "../errors.ts";
import { enableObjectVerity } from "../fsverity.ts";
import type { Checksum } from "../model.ts";
import type { Repo } from "../repo.ts";
import type { Transaction } from "../transaction.ts";
import type { ImageVerity } from "./describe-file.ts";
import { ImageTree } from "./image-tree.ts";
import { type ObjectPlace, placesOfRepo, placesOfTransaction } from "./places.ts";

/** OSTREE_COMPOSEFS_DIGEST_KEY_V0: in a commit's metadata, the digest of its image with all files' digests. */
export const composefsDigestKey = "ostree.composefs.digest.v0";

export interface ImageOptions {
  /** Default `compute`. */
  readonly verity?: ImageVerity;
}

/**
 * Writes the composefs image of a commit to `path`, replacing what is there. With `verity: "compute"` the image must be
 * what the commit's metadata say, if they do.
 * @returns the image's fs-verity digest, 32 bytes
 */
export async function composefsImage(
  repo: Repo,
  rev: string,
  path: string,
  options: ImageOptions = {},
): Promise<Buffer> {
  const { verity = "compute" } = options;
  const commit = repo.loadCommit(repo.resolve(rev));
  const temporary = temporaryName(dirname(path));
  try {
    const digest = await writeTo(temporary, (sink) =>
      makeImage(placesOfRepo(repo), commit.tree, commit.meta, verity, sink),
    );
    if (verity === "compute") compareDigests(commit.metadata.get(composefsDigestKey), digest);
    enableObjectVerity(temporary, repo.settings.fsverity);
    renameSync(temporary, path);
    return digest;
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** The digest that a commit of this tree shall carry (ostree_repo_commit_add_composefs_metadata). */
export async function composefsMetadata(
  transaction: Transaction,
  tree: Checksum,
  meta: Checksum,
): Promise<[string, Variant]> {
  const digest = await makeImage(placesOfTransaction(transaction), tree, meta, "compute", () => {});
  return [composefsDigestKey, { type: "ay", value: digest }];
}

type Sink = (piece: Uint8Array) => void;

async function makeImage(
  places: readonly ObjectPlace[],
  tree: Checksum,
  meta: Checksum,
  verity: ImageVerity,
  sink: Sink,
): Promise<Buffer> {
  const image = new ImageTree({ places, verity }, tree, meta);
  await image.addFiles();
  const hasher = new FsVerityHasher();
  writeComposefsImage(image.root, image.table, (piece) => {
    hasher.update(piece);
    sink(piece);
  });
  return hasher.digest();
}

async function writeTo<T>(path: string, write: (sink: Sink) => Promise<T>): Promise<T> {
  const fd = openSync(path, "wx", 0o600);
  try {
    const result = await write((piece) => writeAll(fd, piece));
    fchmodSync(fd, 0o644);
    return result;
  } finally {
    closeSync(fd);
  }
}

/** compare_verity_digests */
function compareDigests(recorded: Variant | undefined, digest: Buffer): void {
  if (recorded?.type !== "ay") return;
  const expected = Buffer.from(recorded.value as Uint8Array);
  if (expected.length !== digest.length) {
    throw ostreeError("corrupt-object", "Expected composefs fs-verity in metadata has the wrong size");
  }
  if (expected.equals(digest)) return;
  const [actual, wanted] = [digest.toString("hex"), expected.toString("hex")];
  throw ostreeError(
    "corrupt-object",
    `Generated composefs image digest (${actual}) doesn't match expected digest (${wanted})`,
  );
}
