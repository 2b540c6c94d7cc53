// SPDX-License-Identifier: Apache-2.0
/** Decides of every new file whether it is carried, and what it may be made from. */
import { statSync } from "node:fs";
import type { Repo } from "../repo.ts";
import type { DeltaPlan, NewFile } from "./delta-plan.ts";
import type { FileToEncode } from "./encode-batch.ts";
import type { Fallback } from "./format.ts";
import { type Partner, PartnerFinder } from "./partners.ts";
import { findSimilar } from "./similar-files.ts";

export interface SelectionRules {
  readonly minFallbackSize?: number;
  readonly maxBsdiffSize?: number;
  readonly bsdiff?: boolean;
}

/** A file and its old version above this are too much to have in memory together, and are not compared. */
const comparedLimit = 1 << 30;

export interface Selection {
  /** In the order in which they are carried: what is alike stands together, which compresses better. */
  readonly files: readonly FileToEncode[];
  readonly fallbacks: readonly Fallback[];
}

export async function selectEncodings(
  repo: Repo,
  plan: DeltaPlan,
  rules: SelectionRules,
  threads: number,
): Promise<Selection> {
  const { minFallbackSize = 4_000_000, maxBsdiffSize = 128_000_000, bsdiff = true } = rules;
  const finder = new PartnerFinder(repo, plan);
  const named = new Map(plan.files.map((file) => [file, finder.find(file)]));
  const nameless = plan.files.filter((file) => !named.get(file));
  const similar = await findSimilar(repo, plan, nameless, finder, threads);
  const files: FileToEncode[] = [];
  const fallbacks: Fallback[] = [];
  for (const file of plan.files) {
    const partner = comparable(file, named.get(file) ?? similar.get(file.checksum));
    if (!partner && minFallbackSize > 0 && file.size > minFallbackSize) fallbacks.push(fallback(repo, file));
    else files.push({ file, partner, bsdiff: bsdiff && file.size + (partner?.size ?? 0) <= maxBsdiffSize });
  }
  return { files: files.sort(byKind), fallbacks };
}

function comparable(file: NewFile, partner: Partner | undefined): Partner | undefined {
  return partner && file.size + partner.size <= comparedLimit ? partner : undefined;
}

/** Sizes as the client counts them: what it fetches, and what that becomes. */
function fallback(repo: Repo, { checksum, size }: NewFile): Fallback {
  const stored = statSync(repo.objectPath(checksum, "file")).size;
  return { type: "file", checksum, size: stored, usize: size };
}

/** What is carried whole before patches; then by the end of the name and by path, so that like follows like. */
function byKind(a: FileToEncode, b: FileToEncode): number {
  const whole = Number(a.partner !== undefined) - Number(b.partner !== undefined);
  if (whole !== 0) return whole;
  const left = extension(a.file.path);
  const right = extension(b.file.path);
  if (left !== right) return left < right ? -1 : 1;
  return a.file.path < b.file.path ? -1 : 1;
}

function extension(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  return dot <= 0 ? "" : name.slice(dot);
}
