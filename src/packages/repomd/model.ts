// SPDX-License-Identifier: Apache-2.0
import type { Digest } from "../digest.ts";

/** One repository of rpm-md metadata, as a section of a `.repo` file tells of it (dnf.conf(5)). */
export interface RpmSource {
  readonly id: string;
  /** Directories that have `repodata/`, tried in turn: http, https or file URLs, or absolute paths. */
  readonly baseUrls: readonly string[];
  /** Lower is preferred; default 99. */
  readonly priority?: number;
  /** Lower is preferred among equal packages of equal priority; default 1000. */
  readonly cost?: number;
}

/** One `<data>` of a repomd.xml. */
export interface RepomdFile {
  readonly type: string;
  /** Below the repository's base. */
  readonly location: string;
  readonly checksum: Digest;
  /** Bytes, where it is said. */
  readonly size?: number;
  /** Of the content after decompression. */
  readonly openChecksum?: Digest;
  readonly openSize?: number;
}

/** What a repomd.xml says. */
export interface Repomd {
  readonly revision: string;
  /** The newest of its files, in seconds since 1970. */
  readonly timestamp: number;
  readonly files: ReadonlyMap<string, RepomdFile>;
}

/** What a loaded repository is, for provenance and for commit metadata. */
export interface RepositoryInfo {
  readonly id: string;
  readonly revision: string;
  readonly timestamp: number;
  /** SHA-256 of repomd.xml: names the state of the repository. */
  readonly checksum: string;
}
