// SPDX-License-Identifier: Apache-2.0
/** How one file is best carried: whole, as a bsdiff patch, or as pieces of the old file and new bytes between them. */
import { align, type Segment } from "./align.ts";
import { encodeBsdiff } from "./bsdiff.ts";
import { estimateCompressed, isIncompressible } from "./entropy.ts";

/** A file encoded for a part. */
export type EncodedContent =
  | { readonly kind: "whole"; readonly data: Uint8Array; readonly incompressible: boolean }
  | { readonly kind: "bsdiff"; readonly data: Uint8Array }
  /** `pieces`: three numbers each, whether from the old file (1) or from `data` (0), where, and how many bytes. */
  | { readonly kind: "copy"; readonly data: Uint8Array; readonly pieces: Float64Array };

export interface EncodeRules {
  /** Whether opcode `B` may be used. */
  readonly bsdiff: boolean;
}

/** Smaller files are not probed: they do not pay for a part of their own. */
const probedSize = 64 << 10;
/** Places of the old file in its index when only long equal stretches count. */
const copySeeds = 1 << 21;
/** Equal bytes that are worth two instructions. */
const copyLength = 32;
/** A patch below this share of the file needs no comparison with the whole file. */
const clearGain = 0.2;
/** What the instruction of a piece takes when it is compressed, about. */
const pieceCost = 6;
/**
 * How much larger than pieces a patch may look and still be taken: long runs of zeros cost xz next to nothing, the
 * estimate some bytes each.
 */
const patchAllowance = 64;
/** The checksum of the old file, which no compressor shrinks, and the instructions. */
const partnerCost = 40;

/** @param old content of the partner, when there is one */
export function encodeContent(fresh: Uint8Array, old: Uint8Array | undefined, rules: EncodeRules): EncodedContent {
  const incompressible = fresh.length >= probedSize && isIncompressible(fresh);
  const whole: EncodedContent = { kind: "whole", data: fresh, incompressible };
  if (!old || (incompressible && isUnrelated(old, fresh))) return whole;
  const segments = align(old, fresh, rules.bsdiff ? undefined : copySeeds);
  const patch = bestPatch(old, fresh, segments, rules);
  const cost = patch.cost + partnerCost;
  if (cost < fresh.length * clearGain || cost < estimateCompressed(fresh)) return patch.encoded;
  return whole;
}

interface Trial {
  readonly encoded: EncodedContent;
  readonly cost: number;
}

function bestPatch(old: Uint8Array, fresh: Uint8Array, segments: readonly Segment[], rules: EncodeRules): Trial {
  if (!rules.bsdiff) return copyTrial(fresh, copyPieces(old, fresh, segments, Number.POSITIVE_INFINITY) ?? []);
  const data = encodeBsdiff(old, fresh, segments);
  const cost = estimateCompressed(data);
  const pieces = copyPieces(old, fresh, segments, (cost - patchAllowance) / pieceCost);
  const copied = pieces && copyTrial(fresh, pieces);
  return copied && copied.cost + patchAllowance < cost ? copied : { encoded: { kind: "bsdiff", data }, cost };
}

function copyTrial(fresh: Uint8Array, pieces: readonly Piece[]): Trial {
  const data = Buffer.concat(
    pieces.filter(({ copied }) => !copied).map(({ target, size }) => fresh.subarray(target, target + size)),
  );
  const numbers = new Float64Array(pieces.length * 3);
  let offset = 0;
  for (const [index, { copied, from, size }] of pieces.entries()) {
    numbers.set([copied ? 1 : 0, copied ? from : offset, size], index * 3);
    if (!copied) offset += size;
  }
  const cost = estimateCompressed(data) + pieces.length * pieceCost;
  return { encoded: { kind: "copy", data, pieces: numbers }, cost };
}

interface Piece {
  readonly copied: boolean;
  readonly from: number;
  readonly target: number;
  size: number;
}

/**
 * The file as pieces of the old one where they are equal for long enough, and new bytes. `undefined` as soon as there are
 * more than `limit`.
 */
function copyPieces(
  old: Uint8Array,
  fresh: Uint8Array,
  segments: readonly Segment[],
  limit: number,
): Piece[] | undefined {
  const pieces: Piece[] = [];
  const add = (copied: boolean, from: number, target: number, size: number) => {
    if (size === 0) return;
    const last = pieces.at(-1);
    if (last && last.copied === copied && (!copied || last.from + last.size === from)) last.size += size;
    else pieces.push({ copied, from, target, size });
  };
  let at = 0;
  for (const { from, similar, extra } of segments) {
    let pending = 0;
    for (let index = 0; index < similar;) {
      let equal = index;
      while (equal < similar && old[from + equal] === fresh[at + equal]) equal++;
      if (equal - index >= copyLength) {
        add(false, 0, at + pending, index - pending);
        add(true, from + index, at + index, equal - index);
        pending = equal;
      }
      index = equal + 1;
      if (pieces.length > limit) return undefined;
    }
    add(false, 0, at + pending, similar - pending + extra);
    at += similar + extra;
  }
  return pieces;
}

/** Whether two incompressible files have nothing in common: one probe into the beginning and the middle. */
function isUnrelated(old: Uint8Array, fresh: Uint8Array): boolean {
  const needles = [0.1, 0.3, 0.5, 0.7, 0.9].map((part) => {
    const start = Math.floor(fresh.length * part);
    return fresh.subarray(start, start + 16);
  });
  const haystack = Buffer.from(old.buffer, old.byteOffset, old.length);
  return needles.every((needle) => !haystack.includes(needle));
}
