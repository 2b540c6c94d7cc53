// SPDX-License-Identifier: Apache-2.0
/** An apt repository of the treefile. */
export interface AptEntry {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Path of the keyring that signs it, resolved against its treefile. */
  readonly signedBy?: string;
  /** apt_preferences(5) priority; 500 unless given. */
  readonly priority?: number;
}

/** A file that is put into the tree. */
export interface AddedFile {
  readonly source: string;
  /** Absolute path in the tree. */
  readonly target: string;
}

export interface RemoveRule {
  readonly package: string;
  /** Regular expressions on absolute paths, anchored at both ends. */
  readonly patterns: readonly string[];
}

/** A treefile with its includes merged in and its variables put in. Paths of files are absolute. */
export interface Treefile {
  readonly path: string;
  readonly ref?: string;
  /** As the kernel calls it: `x86_64`. */
  readonly basearch: string;
  readonly releasever?: string;
  readonly apt: readonly AptEntry[];
  readonly packages: readonly string[];
  readonly excludePackages: readonly string[];
  readonly recommends: boolean;
  readonly documentation: boolean;
  /** Languages whose message catalogues stay; all when empty. */
  readonly installLangs: readonly string[];
  readonly removeFromPackages: readonly RemoveRule[];
  readonly addFiles: readonly AddedFile[];
  readonly removeFiles: readonly string[];
  readonly units: readonly string[];
  readonly defaultTarget?: string;
  /** Scripts in the order they run. */
  readonly postprocess: readonly string[];
  readonly postprocessScript?: string;
  readonly mutateOsRelease?: string;
  readonly versionPrefix?: string;
  readonly versionSuffix?: string;
  readonly commitMetadata: ReadonlyMap<string, unknown>;
  readonly machineidCompat: boolean;
  readonly tmpIsDir: boolean;
  readonly initramfs: boolean;
  readonly initramfsArgs: readonly string[];
  readonly selinux: boolean;
  readonly readonlyExecutables: boolean;
  /** What a reader may want to know: keys of a JSON treefile that were ignored. */
  readonly warnings: readonly string[];
}
