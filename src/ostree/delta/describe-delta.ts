// SPDX-License-Identifier: Apache-2.0
import { tmpdir } from "node:os";
import type { Checksum } from "../model.ts";
import type { Repo } from "../repo.ts";
import { type ByteOrder, type Fallback, objectAt, objectCount, type PartHeader } from "./format.ts";
import { openPart, payloadMemoryLimit } from "./open-part.ts";
import { countOperations, type OperationCounts } from "./operations.ts";
import { openPartPayload } from "./part-format.ts";
import { type OpenedDelta, openSuperblock } from "./read-delta.ts";
import { ReusedSpace } from "./space.ts";
import { superblockPath } from "./verify-delta.ts";

/** A part with what is in it. */
export interface PartDescription {
  readonly objects: number;
  readonly size: number;
  readonly usize: number;
  readonly modes: number;
  readonly xattrs: number;
  readonly dataSize: number;
  readonly operationsSize: number;
  readonly operations: OperationCounts;
}

export interface DeltaDescription {
  readonly name: string;
  readonly signed: boolean;
  readonly from?: Checksum;
  readonly to: Checksum;
  readonly byteOrder: ByteOrder;
  readonly timestamp: bigint;
  readonly parents: number;
  readonly fallbacks: readonly Fallback[];
  readonly parts: readonly PartDescription[];
}

/** What `static-delta show` tells (_ostree_repo_static_delta_dump). @param name of the delta, or a path with a slash */
export function describeDelta(repo: Repo, name: string): DeltaDescription {
  using delta = openSuperblock(superblockPath(repo, name));
  const payloads = new ReusedSpace(payloadMemoryLimit, tmpdir());
  const { from, to, byteOrder, timestamp, parents, fallbacks, parts } = delta.superblock;
  return {
    name,
    signed: delta.signatures !== undefined,
    ...(from === undefined ? {} : { from }),
    to,
    byteOrder,
    timestamp,
    parents,
    fallbacks,
    parts: parts.map((header, index) => describePart(delta, header, index, payloads)),
  };
}

function describePart(delta: OpenedDelta, header: PartHeader, index: number, payloads: ReusedSpace): PartDescription {
  const what = `delta part ${index}`;
  const { source } = delta.part(index);
  using space = openPart(source, undefined, header, (size) => payloads.make(size), what);
  const payload = openPartPayload(space.bytes, what);
  const objects = objectCount(header.objects);
  return {
    objects,
    size: header.size,
    usize: header.usize,
    modes: payload.modeCount,
    xattrs: payload.xattrsCount,
    dataSize: payload.data.length,
    operationsSize: payload.operations.length,
    operations: countOperations(
      payload.operations,
      objects,
      (object) => objectAt(header.objects, object).type !== "file",
    ),
  };
}
