// SPDX-License-Identifier: Apache-2.0
/** dirmeta and commit objects (libostree ostree-core.h: OSTREE_DIRMETA_GVARIANT_STRING and its neighbours). */
import { gvariantMembers, type GVariantValue, readGVariant, type Variant, writeGVariant } from "../formats/index.ts";
import { ostreeError } from "./errors.ts";
import { checkXattrOrder, swap32, swap64, xattrsFromVariant, xattrsToVariant } from "./file-object.ts";
import { checksumFromBytes, type Commit, type DirMeta, fileType } from "./model.ts";

const dirMetaType = "(uuua(ayay))";
const commitType = "(a{sv}aya(say)sstayay)";

export function encodeDirMeta({ uid, gid, mode, xattrs }: DirMeta): Buffer {
  return writeGVariant(dirMetaType, [swap32(uid), swap32(gid), swap32(mode), xattrsToVariant(xattrs)]);
}

/** Checked as ostree_validate_structureof_dirmeta does. */
export function decodeDirMeta(bytes: Uint8Array, what: string): DirMeta {
  const fields = readGVariant(dirMetaType, bytes, what) as GVariantValue[];
  const [uid, gid, mode] = (fields.slice(0, 3) as number[]).map(swap32) as [number, number, number];
  if ((mode & fileType.mask) !== fileType.directory || (mode & ~(fileType.mask | 0o7777)) !== 0) {
    throw ostreeError("corrupt-object", `${what}: mode 0${mode.toString(8)} is no directory's`);
  }
  const xattrs = xattrsFromVariant(fields[3] as GVariantValue, what);
  checkXattrOrder(xattrs, what);
  return { uid, gid, mode, xattrs };
}

export function encodeCommit({ metadata, parent, subject, body, timestamp, tree, meta }: Commit): Buffer {
  return writeGVariant(commitType, [
    metadata,
    Buffer.from(parent ?? "", "hex"),
    [],
    subject,
    body,
    swap64(timestamp),
    Buffer.from(tree, "hex"),
    Buffer.from(meta, "hex"),
  ]);
}

/** What a summary tells of a commit. There may be ten thousand: only this is decoded. */
export function commitSummary(bytes: Buffer, what: string): { timestamp: bigint; version: Variant | undefined } {
  const [metadata, , , , , timestamp] = gvariantMembers(commitType, bytes, what) as Buffer[];
  const version = metadata!.includes("version")
    ? (readGVariant("a{sv}", metadata!, what) as ReadonlyMap<string, Variant>).get("version")
    : undefined;
  return { timestamp: timestamp!.readBigUInt64BE(), version };
}

export function decodeCommit(bytes: Uint8Array, what: string): Commit {
  const fields = readGVariant(commitType, bytes, what) as GVariantValue[];
  const parent = fields[1] as Uint8Array;
  return {
    metadata: fields[0] as ReadonlyMap<string, Variant>,
    ...(parent.length === 0 ? {} : { parent: checksumFromBytes(parent, what) }),
    subject: fields[3] as string,
    body: fields[4] as string,
    timestamp: swap64(fields[5] as bigint),
    tree: checksumFromBytes(fields[6] as Uint8Array, what),
    meta: checksumFromBytes(fields[7] as Uint8Array, what),
  };
}
