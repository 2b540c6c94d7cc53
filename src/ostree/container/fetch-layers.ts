// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync } from "node:fs";
import { type ProgressListener, stage } from "../../base/index.ts";
import type { OciDescriptor, OciDigest } from "../../formats/index.ts";
import { type OpenArchive, openArchive } from "../archive/open-archive.ts";
import { requireSpace } from "../content-task.ts";
import { ostreeError } from "../errors.ts";
import type { Checksum } from "../model.ts";
import type { Repo } from "../repo.ts";
import { Transaction } from "../transaction.ts";
import type { Download, DownloadedManifest } from "./download.ts";

/** Bytes that a layer may have: no operating system has so many, and a few megabytes of zeros expand to more. */
const expandedLimit = 64 * 2 ** 30;

/** Makes the commit that stands for a layer. */
export type LayerMaker = (
  transaction: Transaction,
  archive: OpenArchive,
  layer: OciDescriptor,
) => Promise<Checksum> | Checksum;

export interface FetchOrder {
  readonly layers: readonly OciDescriptor[];
  readonly refOf: (digest: OciDigest) => string;
  readonly make: LayerMaker;
  readonly signal: AbortSignal | undefined;
}

/** Every layer is permanent as soon as it is here, so that what is cut short need not fetch it again. */
export async function fetchLayers(
  repo: Repo,
  download: Download,
  documents: DownloadedManifest,
  order: FetchOrder,
  progress: ProgressListener,
): Promise<void> {
  const { layers } = order;
  if (layers.length === 0) return;
  const bytes = layers.reduce((sum, { size }) => sum + size, 0);
  requireRoom(repo, bytes);
  const size = `${layers.length} layers, ${(bytes / 1e6).toFixed(1)} MB`;
  const told = (done: number) =>
    progress({ type: "steps", task: "image", done: Math.min(done, bytes), total: bytes, unit: "bytes" });
  await stage(progress, "image", `Fetch ${size}`, () => download.layers(documents, layers, told));
  await stage(progress, "import", "Import layers", async () => {
    for (const [done, layer] of layers.entries()) {
      progress({ type: "steps", task: "import", done, total: layers.length, unit: "layers" });
      await importLayer(repo, download, layer, order);
      download.drop(layer);
    }
  });
}

function requireRoom(repo: Repo, bytes: number): void {
  using transaction = Transaction.begin(repo);
  requireSpace(transaction.store, bytes);
}

async function importLayer(
  repo: Repo,
  download: Download,
  layer: OciDescriptor,
  { refOf, make, signal }: FetchOrder,
): Promise<void> {
  signal?.throwIfAborted();
  if (!/tar([.+](gzip|zstd))?$/.test(layer.mediaType))
    throw ostreeError("image-content", `layer ${layer.digest} is ${layer.mediaType}, no tar archive`);
  await download.verify(layer, signal);
  const fd = openSync(download.layout.blobPath(layer.digest), "r");
  const archive = openArchive(fd, `layer ${layer.digest}`, expandedLimit);
  try {
    using transaction = Transaction.begin(repo);
    const made = await make(transaction, archive, layer);
    transaction.setRef(refOf(layer.digest), made);
    transaction.commit();
  } finally {
    archive.close();
    closeSync(fd);
  }
}
