// SPDX-License-Identifier: Apache-2.0
import type { Digest } from "../digest.ts";

/** One repository of rpm-md metadata, as a section of a `.repo` file tells of it (dnf.conf(5)). */
export interface RpmSource {
  readonly id: string;
  readonly name?: string;
  /** Directories that have `repodata/`, tried in turn: http, https or file URLs, or absolute paths. */
  readonly baseUrls: readonly string[];
  /** URL of a list of further base URLs. */
  readonly mirrorList?: string;
  /** URL of a metalink, which also tells the check sums of repomd.xml, and further base URLs. */
  readonly metalink?: string;
  /** Whether the file says that it is to be used; default true. Who loads decides. */
  readonly enabled?: boolean;
  /** Lower is preferred; default 99. */
  readonly priority?: number;
  /** Lower is preferred among equal packages of equal priority; default 1000. */
  readonly cost?: number;
  /** Packages that are as if they were not there: names or NEVRAs, with wildcards. */
  readonly excludes?: readonly string[];
  /** Packages that are the only ones there, where the list is not empty. */
  readonly includes?: readonly string[];
  /** Whether packages must be signed by one of `gpgKeys`; default true. */
  readonly gpgCheck?: boolean;
  /** Whether repomd.xml must be signed by one of `gpgKeys`; default false. */
  readonly repoGpgCheck?: boolean;
  /** URLs or paths of OpenPGP keys, armored or not. */
  readonly gpgKeys?: readonly string[];
  /** Whether packages of modules are there whatever streams are enabled; default false. */
  readonly moduleHotfixes?: boolean;
  /** Whether a repository that cannot be had is left out with a warning; default false. */
  readonly skipIfUnavailable?: boolean;
  /** Seconds for which a repomd.xml is used without asking for another; default 0: it is always asked for. */
  readonly metadataExpire?: number;
  readonly connection?: RepositoryConnection;
}

/** How a repository's servers are spoken to. Paths are of PEM files. */
export interface RepositoryConnection {
  /** Default true. */
  readonly sslVerify?: boolean;
  readonly sslCaCert?: string;
  readonly sslClientCert?: string;
  readonly sslClientKey?: string;
  /** URL, with user and password where they are needed; empty: none, whatever the environment says. */
  readonly proxy?: string;
  readonly username?: string;
  readonly password?: string;
  /** Seconds without any byte. */
  readonly timeout?: number;
  readonly retries?: number;
  readonly family?: 4 | 6;
  readonly userAgent?: string;
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
