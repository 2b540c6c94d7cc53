// SPDX-License-Identifier: Apache-2.0
/** What a lockfile says of one package (rpm-ostree rust/src/lockfile.rs `LockedPackage`). */
export interface LockedPackage {
  /** `[EPOCH:]VERSION-RELEASE`, or a Debian version. */
  readonly version: string;
  /** Any when absent: an override of all architectures has `evr` instead of `evra`. */
  readonly architecture?: string;
  /** `sha256:HEX` of the package file. */
  readonly digest?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** Versions that packages are held at. */
export interface Lockfile {
  readonly packages: ReadonlyMap<string, LockedPackage>;
}

/** A package as it is written into a lockfile. */
export interface PackageToLock {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly digest: string;
  /** Name of the source package. */
  readonly source?: string;
}
