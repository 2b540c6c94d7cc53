// SPDX-License-Identifier: Apache-2.0
/** A distribution of RPM packages to test with: what goes into it and what comes out. */

/** What one run of rpmbuild gets. */
export interface Recipe {
  readonly name: string;
  readonly spec: string;
  /** Seconds since 1970: the build time, and no file is newer. */
  readonly epoch: number;
  /** As for rpmbuild --target. */
  readonly target: "x86_64" | "i686";
  /** The Debian package that the spec unpacks as `%{deb}`. */
  readonly deb?: DebianPackage;
}

/** A Debian package, with all that its conversion reads. */
export interface DebianPackage {
  readonly path: string;
  readonly sha256: string;
  readonly name: string;
  /** The fields of DEBIAN/control. */
  readonly fields: Readonly<Record<string, string>>;
  /** Maintainer scripts and their kin that are text: `postinst`, `preinst`, `triggers`. */
  readonly scripts: Readonly<Record<string, string>>;
  /** Relative paths. */
  readonly conffiles: readonly string[];
  readonly files: readonly PackagedFile[];
  /** What its files in /usr/lib/sysusers.d say. */
  readonly sysusers: string;
  /** The newest file's time, in seconds since 1970. */
  readonly epoch: number;
}

export interface PackagedFile {
  /** Relative, without slashes at its ends. */
  readonly path: string;
  readonly isDirectory: boolean;
  readonly user: string;
  readonly group: string;
}

export interface Distribution {
  readonly directory: string;
  /** The repository: what `baseurl` names. */
  readonly repo: string;
  /** Armored public key that signed the packages and repomd.xml. */
  readonly key: string;
  /** The repository's name, as in `repos` of a treefile. */
  readonly id: string;
  /** `.repo` file with `repo` as its `baseurl`. */
  readonly repoFile: string;
  /** Treefile that composes the distribution; it stands beside the `.repo` file. */
  readonly treefile: string;
}
