// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, rmSync } from "node:fs";
import { writeAll } from "../../base/index.ts";
import { ostreeError } from "../errors.ts";
import type { Checksum } from "../model.ts";
import type { PullSource } from "../pull-source.ts";
import type { IncomingStore } from "../store-fetched.ts";
import { PartPool } from "./apply-parts.ts";
import type { PartResult } from "./execute.ts";
import type { PartHeader } from "./format.ts";

/** A part that is to be fetched and applied. */
export interface WantedPart {
  readonly index: number;
  /** The commit that the delta leads to. */
  readonly to: Checksum;
  readonly header: PartHeader;
  /** Of the part's file, below the repository. */
  readonly path: string;
  /** The part, when it came with the superblock. */
  readonly inline?: Uint8Array;
}

/** Fetches parts, each at most of the size that it is announced with, and applies them while the next ones come. */
export async function applyFetchedParts(
  source: PullSource,
  incoming: IncomingStore,
  parts: readonly WantedPart[],
): Promise<PartResult> {
  if (parts.length === 0) return { metadata: 0, content: 0, written: 0 };
  await using pool = new PartPool(
    { store: incoming.store },
    parts.map(({ header }) => header),
  );
  let failed = false;
  const queue = parts.values();
  // Each line fetches a part while the one before is applied: no more files wait than there are lines.
  const line = async () => {
    let applied = Promise.resolve();
    for (const part of queue) {
      if (failed) break;
      const path = await fetchPart(source, incoming, part);
      await applied;
      applied = applyPart(pool, part, path);
      // It is awaited above or below; until then it must not count as unhandled.
      applied.catch(() => {});
    }
    await applied;
  };
  const guarded = () =>
    line().catch((error: unknown) => {
      failed = true;
      throw error;
    });
  // Parts under way are finished even so: their objects are there for the next attempt.
  const results = await Promise.allSettled(Array.from({ length: pool.size }, guarded));
  const failure = results.find(({ status }) => status === "rejected");
  if (failure?.status === "rejected") throw failure.reason;
  return pool.total;
}

/** @returns path of a file of our own */
async function fetchPart(source: PullSource, incoming: IncomingStore, part: WantedPart): Promise<string> {
  if (part.inline) return writeTemporary(incoming, part.inline);
  const { checksum, size } = part.header;
  const body = await source.fetchContent(part.path, { limit: size, spill: () => incoming.partial(checksum) });
  if (body) return body.file ?? writeTemporary(incoming, body.bytes);
  throw ostreeError("pull-failed", `While fetching ${source.contentUrl(part.path)}: Server returned HTTP 404`);
}

function writeTemporary(incoming: IncomingStore, bytes: Uint8Array): string {
  const path = incoming.temporary();
  const fd = openSync(path, "wx", 0o600);
  try {
    writeAll(fd, bytes);
  } finally {
    closeSync(fd);
  }
  return path;
}

async function applyPart(pool: PartPool, part: WantedPart, path: string): Promise<void> {
  const { objects, usize, checksum } = part.header;
  try {
    await pool.apply({
      index: part.index,
      bounds: { objects, usize, to: part.to },
      source: { path },
      ...(part.inline ? {} : { checksum }),
    });
  } finally {
    rmSync(path, { force: true });
  }
}
