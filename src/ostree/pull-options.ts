// SPDX-License-Identifier: Apache-2.0
import type { WantedCollectionRef } from "./collections/pull-collection-refs.ts";
import type { SignatureResult } from "./sign/gpg-verify.ts";
import type { Checksum } from "./model.ts";
import type { Repo } from "./repo.ts";

export interface PullOptions {
  /** Name of the remote: gives URL and trust, and the refs become `REMOTE:REF`. */
  readonly remote?: string | undefined;
  /** URL to pull from instead of the remote's; `http:`, `https:` or `file:`. */
  readonly url?: string | undefined;
  /** A repository on this machine to pull from. */
  readonly source?: Repo;
  /** Refs, `REF@CHECKSUM`, or checksums. None: the remote's `branches`; with `mirror` all. */
  readonly refs?: readonly string[];
  /** Refs by their collections, in place of `refs`. */
  readonly collectionRefs?: readonly WantedCollectionRef[];
  /** Write refs as they are on the remote, and its summary. */
  readonly mirror?: boolean;
  /** Parents to pull of each commit; -1 for all. Default 0. */
  readonly depth?: number;
  readonly commitMetadataOnly?: boolean;
  /** Only these paths of the trees; the commits stay partial. */
  readonly subpaths?: readonly string[];
  /** Hash objects of local repositories as well. Those that come over HTTP always are. */
  readonly untrusted?: boolean;
  readonly bareUserOnlyFiles?: boolean;
  readonly fsync?: boolean;
  /** Flush each object as it is written, in place of the whole file system at the end. */
  readonly perObjectFsync?: boolean;
  readonly localCaches?: readonly Repo[];
  /** Never use static deltas. Local sources and archives do not anyway. */
  readonly disableDeltas?: boolean;
  /** Fail when there is no static delta to a commit. */
  readonly requireDeltas?: boolean;
  /** Only find out what would be fetched. */
  readonly dryRun?: boolean;
  /** Mirroring into an archive, keep what servers send without hashing it. */
  readonly httpTrusted?: boolean;
  readonly httpHeaders?: Readonly<Record<string, string>>;
  readonly appendUserAgent?: string;
  readonly retries?: number;
  /** False: only server errors that ask for it are tried again, broken connections are not. */
  readonly retryNetworkErrors?: boolean;
  /** Seconds of near silence after which a connection is given up; default 30. */
  readonly idleSeconds?: number;
  /** Bytes per second below which a connection counts as silent; default 1000. */
  readonly lowSpeed?: number;
  /** Connections at most; default 8. */
  readonly maxRequests?: number;
  /** Bytes per second at most; default: the remote's `limit-rate`, else the repository's. */
  readonly limitRate?: number;
  /** Directory for summaries in place of the repository's `tmp/cache`. */
  readonly cacheDirectory?: string;
  /** Breaks the pull off; what is here by then is not fetched again. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds between two progress events; default 1000, as libostree. */
  readonly updateFrequency?: number;
  /** Whether commits must be signed; default: as the remote is configured, where not to say anything is to say yes. */
  readonly gpgVerify?: boolean;
  readonly gpgVerifySummary?: boolean;
  /** Whether to look for the other kinds of signatures that the remote asks for. Default: not for a local `source`. */
  readonly signVerify?: boolean;
  readonly verifyBindings?: boolean;
  /** Refuse commits older than what their refs are at. */
  readonly timestampCheck?: boolean;
  /** Refuse commits older than this revision. */
  readonly timestampCheckFrom?: string;
  /** Told what became of each commit's signatures. */
  readonly onSignatures?: (commit: Checksum, results: readonly SignatureResult[]) => void;
}

export interface PullStats {
  /** What each ref that was pulled is at now. */
  readonly refs: ReadonlyMap<string, Checksum>;
  readonly commits: readonly Checksum[];
  readonly local: boolean;
  readonly fetchedMetadata: number;
  readonly fetchedContent: number;
  readonly importedMetadata: number;
  readonly importedContent: number;
  /** Bytes that came over the network. */
  readonly transferred: number;
  /** Of these, what objects and parts of deltas took; the rest found out what there is. */
  readonly payload: number;
  /** Bytes of content that were written; of deltas, which libostree does not count here, in a number of their own. */
  readonly contentWritten: number;
  readonly deltaContentWritten: number;
  readonly seconds: number;
  readonly deltaParts: number;
  /** With `dryRun`, what deltas would cost. */
  readonly dryRun?: DeltaCost;
  /** With `dryRun`, what all would cost: of commits whose objects are here and that tell, else absent. */
  readonly cost?: PullCost;
}

export interface PullCost {
  /** `payload`, beforehand. */
  readonly bytes: number;
  /** Bytes of the files when they are unpacked; of a delta to a commit that does not tell, of all its objects. */
  readonly unpacked: number;
}

/** What the deltas of a pull take, and what of that is here already. */
export interface DeltaCost {
  readonly parts: number;
  readonly partBytes: number;
  readonly uncompressedBytes: number;
  readonly presentParts: number;
  readonly presentBytes: number;
}
