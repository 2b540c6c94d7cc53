// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { readIfExists, removeIfExists, writeFileAtomic } from "../base/index.ts";
import { readGVariant, type Variant, writeGVariant } from "../formats/index.ts";
import { keepsTombstones } from "./delete-object.ts";
import { deltaDigests } from "./delta-names.ts";
import { ostreeError } from "./errors.ts";
import { signDetached } from "./gpg.ts";
import { defaultTimestamp } from "./parse-date.ts";
import type { Repo } from "./repo.ts";
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
  /** GnuPG key to sign with. */
  readonly gpgKeys?: readonly string[];
  readonly gpgHomedir?: string;
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

async function sign(bytes: Buffer, options: UpdateSummaryOptions): Promise<Buffer | undefined> {
  const signatures: Buffer[] = [];
  for (const key of options.gpgKeys ?? []) signatures.push(await signDetached(bytes, key, options.gpgHomedir));
  return signatures.length === 0 ? undefined : encodeSignatures(signatures);
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

/** Key of GPG signatures in `summary.sig` and detached commit metadata. */
const signaturesKey = "ostree.gpgsigs";

export function encodeSignatures(signatures: readonly Uint8Array[]): Buffer {
  return writeGVariant("a{sv}", new Map([[signaturesKey, { type: "aay", value: [...signatures] }]]));
}

/** The GPG signatures in an `a{sv}` of detached metadata. */
export function decodeSignatures(bytes: Uint8Array, what: string): Uint8Array[] {
  const metadata = readGVariant("a{sv}", bytes, what) as ReadonlyMap<string, Variant>;
  const found = metadata.get(signaturesKey);
  return found?.type === "aay" ? (found.value as Uint8Array[]) : [];
}

/** Detached metadata of a commit with one more signature (ostree_repo_append_gpg_signature). */
export function appendSignature(existing: Uint8Array | undefined, signature: Uint8Array, what: string): Buffer {
  const old = existing
    ? (readGVariant("a{sv}", existing, what) as ReadonlyMap<string, Variant>)
    : new Map<string, Variant>();
  const before = existing ? decodeSignatures(existing, what) : [];
  return writeGVariant("a{sv}", new Map([...old, [signaturesKey, { type: "aay", value: [...before, signature] }]]));
}
