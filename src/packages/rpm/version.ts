// SPDX-License-Identifier: Apache-2.0
/** Versions of RPM packages: rpm-version(7), and rpm's `rpmverParse` and `rpmverCmp`. */
import { rpmvercmp } from "../../formats/index.ts";
import { packageError } from "../errors.ts";
import type { Evr } from "./model.ts";

/** An epoch is an unsigned 32-bit number in the header (RPMTAG_EPOCH); a larger one could not be compared exactly. */
const epochLimit = 0xffff_ffff;

/**
 * Takes `[EPOCH:]VERSION[-RELEASE]` apart as `rpmverParse` does, which accepts any characters: what a release may not hold
 * is a matter of building packages. Throws `packages-bad-version` for an empty text and an epoch beyond 32 bits.
 */
export function parseEvr(text: string): Evr {
  if (text === "") throw packageError("bad-version", "an empty text is no version");
  const start = /^\d*:/.exec(text)?.[0].length ?? 0;
  const epoch = start === 0 ? 0 : Number(text.slice(0, start - 1));
  if (epoch > epochLimit) {
    throw packageError("bad-version", `${JSON.stringify(text.slice(0, 80))}: the epoch is too large`);
  }
  const hyphen = text.lastIndexOf("-");
  if (hyphen < 0) return { epoch, version: text.slice(start) };
  return { epoch, version: text.slice(start, hyphen), release: text.slice(hyphen + 1) };
}

/** `[EPOCH:]VERSION[-RELEASE]`, without an epoch of 0: as dnf and rpm-ostree write it. */
export function formatEvr({ epoch, version, release }: Evr): string {
  const plain = release === undefined ? version : `${version}-${release}`;
  return epoch === 0 ? plain : `${epoch}:${plain}`;
}

/** Order of two versions (`rpmverCmp`): a missing release is older than any. */
export function compareEvr(a: Evr, b: Evr): -1 | 0 | 1 {
  if (a.epoch !== b.epoch) return a.epoch < b.epoch ? -1 : 1;
  const order = rpmvercmp(a.version, b.version);
  if (order !== 0 || a.release === b.release) return order;
  if (a.release === undefined) return -1;
  return b.release === undefined ? 1 : rpmvercmp(a.release, b.release);
}

export interface Nevra {
  readonly name: string;
  readonly evr: Evr;
  readonly architecture: string;
}

/** Takes `NAME-[EPOCH:]VERSION-RELEASE.ARCH` apart; `undefined` where the text is not of that form. Throws as `parseEvr`. */
export function parseNevra(text: string): Nevra | undefined {
  const match = /^(.+)-([^-]+-[^-]+)\.([^-.]+)$/s.exec(text);
  const [, name = "", evr = "", architecture = ""] = match ?? [];
  return match === null ? undefined : { name, evr: parseEvr(evr), architecture };
}
