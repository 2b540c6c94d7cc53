// SPDX-License-Identifier: Apache-2.0
import type { Variable } from "./condition.ts";

/** An apt repository of the treefile. */
export interface AptEntry {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Path of the keyring that signs it, resolved against its treefile. */
  readonly signedBy?: string;
  /** apt_preferences(5) priority; 500 unless given. */
  readonly priority?: number;
  /** `false` accepts an index after its Valid-Until date. */
  readonly checkValidUntil?: boolean;
}

/** Where it is known which CVEs are mended in which version of Debian's packages. */
export interface SecurityTracker {
  /** `http:` or `https:` URL, or absolute path, of the tracker's JSON. */
  readonly data: string;
  /** Codename of the release in whose versions all packages are; default: what Debian's archives are, each by itself. */
  readonly release?: string;
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

/** Packages that come from one repository and from no other. */
export interface RepoPackages {
  readonly repo: string;
  readonly packages: readonly string[];
}

/** `check-passwd`, `check-groups`: what the numbers of users and groups are compared with. */
export type AccountCheck =
  | { readonly type: "none" }
  | { readonly type: "previous" }
  | { readonly type: "file"; readonly path: string }
  /** A group has one number; a user one for both, or two. */
  | { readonly type: "data"; readonly entries: ReadonlyMap<string, number | readonly number[]> };

export type MetadataPlace = "inline" | "detached" | "disabled";

/** A treefile with its includes merged in and its variables put in. Paths of files are absolute. */
export interface Treefile {
  readonly path: string;
  /** Whether it is composed from RPM or from Debian packages: `deb` when it has `apt`. Some defaults depend on it. */
  readonly format: "rpm" | "deb";
  /** Defaults of 2024 where it is not written: Debian treefiles have no history. */
  readonly edition: "2014" | "2024";
  readonly ref?: string;
  /** As the kernel calls it: `x86_64`. */
  readonly basearch: string;
  readonly releasever?: string;
  readonly variables: ReadonlyMap<string, Variable>;

  readonly apt: readonly AptEntry[];
  readonly securityTracker?: SecurityTracker;
  /** Identifiers of repositories in the .repo files of `repoDirectory`; all that are enabled when absent. */
  readonly repos?: readonly string[];
  /** Where the .repo files are: beside the outermost treefile. */
  readonly repoDirectory: string;
  /** Repositories that give locked packages only. */
  readonly lockfileRepos: readonly string[];
  /** Variables of .repo files besides releasever and basearch. */
  readonly repovars: ReadonlyMap<string, string>;
  readonly packages: readonly string[];
  readonly excludePackages: readonly string[];
  readonly repoPackages: readonly RepoPackages[];
  readonly modules?: { readonly enable: readonly string[]; readonly install: readonly string[] };
  readonly platformModule?: string;
  /** Refs whose trees are laid over the packages; a path that is there already is an error. */
  readonly ostreeLayers: readonly string[];
  /** The same, and they win over what is there. */
  readonly ostreeOverrideLayers: readonly string[];
  readonly recommends: boolean;
  readonly documentation: boolean;
  /** Languages whose message catalogues stay; all when empty. */
  readonly installLangs: readonly string[];
  readonly removeFromPackages: readonly RemoveRule[];

  /** A tree without kernel, initramfs and /boot. */
  readonly container: boolean;
  readonly containerCmd?: readonly string[];
  readonly bootLocation: "new" | "modules" | "kernel-install";
  readonly tmpIsDir: boolean;
  readonly optUsrlocal: "var" | "root" | "state-overlay";
  readonly ignoreDevices: boolean;
  readonly initramfs: boolean;
  readonly initramfsArgs: readonly string[];
  readonly selinux: boolean;
  readonly selinuxLabelVersion: 0 | 1;
  readonly ima: boolean;
  readonly readonlyExecutables: boolean;
  readonly cliwrap: boolean;
  readonly cliwrapBinaries: readonly string[];
  readonly rpmdb: "target" | "host" | "bdb" | "sqlite" | "ndb";
  readonly rpmdbNormalize: boolean;

  readonly sysusers: "compose-auto" | "compose-forced";
  readonly etcGroupMembers: readonly string[];
  readonly preservePasswd: boolean;
  readonly checkPasswd: AccountCheck;
  readonly checkGroups: AccountCheck;
  /** `*` stands for all. */
  readonly ignoreRemovedUsers: readonly string[];
  readonly ignoreRemovedGroups: readonly string[];

  readonly addFiles: readonly AddedFile[];
  readonly removeFiles: readonly string[];
  readonly units: readonly string[];
  readonly defaultTarget?: string;
  readonly machineidCompat: boolean;
  /** Scripts in the order they run. */
  readonly postprocess: readonly string[];
  readonly postprocessScript?: string;
  /** Programs of `finalize.d`, run on the composing machine in the order of their names. */
  readonly finalizeScripts: readonly string[];
  readonly mutateOsRelease?: string;

  readonly versionPrefix?: string;
  readonly versionSuffix?: string;
  readonly commitMetadata: ReadonlyMap<string, unknown>;
  readonly repoMetadata: MetadataPlace;
  readonly advisoriesMetadata: MetadataPlace;
  readonly gpgKey?: string;

  /** The merged treefile as `rpm-ostree compose tree --print-only` prints it. */
  readonly flattened: Readonly<Record<string, unknown>>;
  /** What a reader may want to know: keys of a JSON treefile that were ignored, deprecated ones. */
  readonly warnings: readonly string[];
}
