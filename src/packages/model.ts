// SPDX-License-Identifier: Apache-2.0

/** What names one build of a package, whatever its format. */
export interface PackageId {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
}

/** One `deb` line of sources.list(5). */
export interface AptSource {
  /** The archive's base, without `dists/`. */
  readonly uri: string;
  /** Suite or codename below `dists/`; with a slash at its end, the directory of a flat repository. */
  readonly suite: string;
  readonly components: readonly string[];
  /** Path of a keyring file, several with commas between, or an armored key block itself; default: the distribution's archive keyring. */
  readonly signedBy?: string;
  /** Architecture in Debian's words: `amd64`, `arm64`. */
  readonly architecture: string;
  /** As a pin of apt_preferences(5) on the whole source; default 500, less where the Release file says so. */
  readonly priority?: number;
  /** `false` accepts an index after its Valid-Until date; for archives that are no longer updated. */
  readonly checkValidUntil?: boolean;
}

/** Of whom a source's Release file says that it is. */
export interface SourceInfo {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
  readonly codename: string;
  readonly origin: string;
  readonly label: string;
  /** Release version ("13.7"), where the suite has one. */
  readonly version: string;
  /** When the index was made, in seconds since 1970. */
  readonly date: number;
  /** SHA-256 of the signed Release text: names the state of the archive. */
  readonly checksum: string;
}

/** The version that a package is held at. */
export interface PackageLock {
  readonly version: string;
  /** Any when absent. */
  readonly architecture?: string;
  /** `sha256:HEX` of the package file; any when absent. */
  readonly digest?: string;
}

/** Versions that a solver keeps to: a package with a lock is only considered in this version. */
export interface PackageLocks {
  readonly packages: ReadonlyMap<string, PackageLock>;
  /** Whether packages without a lock are not considered at all. */
  readonly strict: boolean;
}
