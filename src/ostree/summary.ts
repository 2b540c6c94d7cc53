// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { readIfExists, removeIfExists, writeFileAtomic } from "../base/index.ts";
import type { Variant } from "../formats/index.ts";
import { keepsTombstones } from "./delete-object.ts";
import { deltaDigests } from "./delta-names.ts";
import { ostreeError } from "./errors.ts";
import { defaultTimestamp } from "./parse-date.ts";
import type { Repo } from "./repo.ts";
import { writeDetached } from "./sign/detached.ts";
import { signDetached, type Signer } from "./sign/signer.ts";
import {
  bigEndian,
  decodeSummary,
  encodeSummary,
  type Summary,
  summaryKeys,
  type SummaryRef,
} from "./summary-format.ts";

export interface UpdateSummaryOptions {
  /** Metadata beside libostree's own keys. */
  readonly metadata?: ReadonlyMap<string, Variant>;
  /** Seconds since 1970 for last-modified; default: SOURCE_DATE_EPOCH, or now. */
  readonly timestamp?: bigint;
  readonly signers?: readonly Signer[];
}

/**
 * Writes the file `summary` from the repository's local refs (ostree_repo_regenerate_summary). An old signature is
 * removed with the old content. Equal refs and time give equal bytes.
 */
export async function updateSummary(repo: Repo, options: UpdateSummaryOptions = {}): Promise<void> {
  using _ = repo.lock("shared");
  const durable = repo.settings.fsync;
  const bytes = encodeSummary(makeSummary(repo, options));
  const signatures = await sign(bytes, options);
  const path = join(repo.path, "summary");
  // In between a client must not find the new content with the old signature.
  removeIfExists(`${path}.sig`);
  writeFileAtomic(path, bytes, { durable });
  if (signatures) writeFileAtomic(`${path}.sig`, signatures, { durable });
}

/** `summary.sig` holds the signatures of all kinds. */
async function sign(bytes: Buffer, { signers = [] }: UpdateSummaryOptions): Promise<Buffer | undefined> {
  return signers.length === 0 ? undefined : writeDetached(await signDetached(new Map(), bytes, signers));
}

export function makeSummary(repo: Repo, options: UpdateSummaryOptions = {}): Summary {
  const refs = [...repo.listRefs()].filter(([ref]) => !ref.includes(":"));
  return {
    refs: new Map(refs.map(([ref, commit]) => [ref, summaryRef(repo, commit)])),
    metadata: summaryMetadata(repo, options),
  };
}

/** summary_add_ref_entry */
function summaryRef(repo: Repo, commit: SummaryRef["commit"]): SummaryRef {
  const size = BigInt(repo.loadMetadata(commit, "commit").length);
  const { timestamp, metadata } = repo.loadCommit(commit);
  const version = metadata.get("version");
  return {
    commit,
    size,
    metadata: new Map([
      ...(version?.type === "s" ? [[summaryKeys.commitVersion, version] as const] : []),
      [summaryKeys.commitTimestamp, bigEndian(timestamp)] as const,
    ]),
  };
}

function summaryMetadata(repo: Repo, options: UpdateSummaryOptions): Map<string, Variant> {
  const now = options.timestamp ?? defaultTimestamp();
  const metadata = new Map<string, Variant>(options.metadata);
  metadata.set(summaryKeys.mode, { type: "s", value: repo.config.get("core", "mode") ?? "bare" });
  metadata.set(summaryKeys.lastModified, bigEndian(now));
  metadata.set(summaryKeys.tombstones, { type: "b", value: keepsTombstones(repo) });
  const indexed = repo.config.getBoolean("core", "indexed-deltas") ?? false;
  metadata.set(summaryKeys.indexedDeltas, { type: "b", value: indexed });
  const collectionId = repo.config.get("core", "collection-id");
  if (collectionId !== undefined) metadata.set(summaryKeys.collectionId, { type: "s", value: collectionId });
  const deltas = repo.config.getBoolean("core", "no-deltas-in-summary")
    ? new Map<string, Buffer>()
    : deltaDigests(repo);
  if (deltas.size > 0) {
    const value = new Map([...deltas].map(([name, digest]) => [name, { type: "ay", value: digest }]));
    metadata.set(summaryKeys.staticDeltas, { type: "a{sv}", value });
  }
  return metadata;
}

/** The repository's own summary; throws when it has none. */
export function readSummary(repo: Repo): { summary: Summary; bytes: Buffer } {
  const path = join(repo.path, "summary");
  const bytes = readIfExists(path);
  if (!bytes) {
    throw ostreeError("remote", `${repo.path} has no summary`, { hint: "atomic ostree summary -u  writes one" });
  }
  return { summary: decodeSummary(bytes, path), bytes };
}
