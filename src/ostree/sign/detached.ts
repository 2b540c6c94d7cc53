// SPDX-License-Identifier: Apache-2.0
import { formatError, readGVariant, type Variant, writeGVariant } from "../../formats/index.ts";
import type { SignatureKind } from "./model.ts";

/**
 * Key under which signatures stand in a commit's detached metadata, in `summary.sig` and in a delta's: all three are
 * `a{sv}` with an `aay` for each kind (ostree-core-private.h, ostree_sign_metadata_key).
 */
export function signaturesKey(kind: SignatureKind): string {
  return kind === "gpg" ? "ostree.gpgsigs" : `ostree.sign.${kind}`;
}

export type Detached = ReadonlyMap<string, Variant>;

/** Detached metadata; bytes that are none hold nothing, as for g_variant_lookup: what needs a signature then lacks it. */
export function readDetached(bytes: Uint8Array | undefined, what: string): Detached {
  if (bytes === undefined) return new Map();
  try {
    return readGVariant("a{sv}", bytes, what) as Detached;
  } catch (error) {
    if (formatError.is(error, "gvariant-malformed", "gvariant-type")) return new Map();
    throw error;
  }
}

export function writeDetached(detached: Detached): Buffer {
  return writeGVariant("a{sv}", detached);
}

/** The signatures of one kind; `undefined` when there is no list of them. */
export function signaturesIn(detached: Detached, kind: SignatureKind): readonly Uint8Array[] | undefined {
  const found = detached.get(signaturesKey(kind));
  return found?.type === "aay" ? (found.value as Uint8Array[]) : undefined;
}

export function withSignatures(detached: Detached, kind: SignatureKind, signatures: readonly Uint8Array[]): Detached {
  const changed = new Map(detached);
  if (signatures.length === 0) changed.delete(signaturesKey(kind));
  else changed.set(signaturesKey(kind), { type: "aay", value: [...signatures] });
  return changed;
}

/** With one more signature (_sign_detached_metadata_append). */
export function appendSignature(detached: Detached, kind: SignatureKind, signature: Uint8Array): Detached {
  return withSignatures(detached, kind, [...(signaturesIn(detached, kind) ?? []), signature]);
}
