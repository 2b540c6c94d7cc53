// SPDX-License-Identifier: Apache-2.0
/** Packages that a host adds to the version that it runs, as rpm-ostree's client-side layering does. */
import type { ProgressListener } from "../../base/index.ts";
import type { Variant } from "../../formats/index.ts";
import type { Checksum, DirNode, Repo } from "../../ostree/index.ts";
import type { AptSource, PackageId, RpmSource } from "../../packages/index.ts";
import type { Workspace } from "../sandbox.ts";
import type { OpenedBase } from "./shape.ts";

/** Where a host has packages from. */
export type LayerRepositories =
  | { readonly format: "deb"; readonly sources: readonly AptSource[] }
  | { readonly format: "rpm"; readonly sources: readonly RpmSource[] };

/** A package file that was imported: its content decides, wherever it came from. */
export interface LocalPackage {
  /** Of the header of an RPM package (`rpmostree.metadata_sha256`), of the file of a Debian one. */
  readonly sha256: string;
  /** NAME-[EPOCH:]VERSION-RELEASE.ARCH */
  readonly nevra: string;
}

/** Base packages in whose place those of one repository come: its newest at each new version of the host. */
export interface RemoteReplacement {
  /** The id of a repository of RPM packages, the suite or codename of one of Debian's. */
  readonly repository: string;
  /** Names. */
  readonly packages: readonly string[];
}

/** What is asked for beyond the base. */
export interface LayerWish {
  /** Names, or whatever else the format's solver understands. */
  readonly packages: readonly string[];
  readonly local: readonly LocalPackage[];
  /** Local packages whose files win over those of the base. */
  readonly fileOverride: readonly LocalPackage[];
  /** Names of base packages that go. */
  readonly remove: readonly string[];
  /** Come in place of base packages of their names. */
  readonly replace: readonly LocalPackage[];
  /** The same, out of repositories; names that the base does not have are passed over. */
  readonly replaceFrom: readonly RemoteReplacement[];
  /** Make the initramfs on the host, with these arguments of dracut. */
  readonly initramfs?: readonly string[];
}

export interface LayerOptions extends LayerWish {
  /** The host's, in mode bare; packages are imported into it. */
  readonly repo: Repo;
  readonly base: Checksum;
  readonly repositories: LayerRepositories;
  /** RPM's name of the machine. */
  readonly basearch: string;
  /** Indices and downloads. */
  readonly cacheDir: string;
  /** Made and removed; on the file system of the repository. */
  readonly workDir: string;
  /** The present layered commit, if there is one: its accounts keep their numbers, and it is taken when nothing changed. */
  readonly previous?: Checksum;
  /** passwd(5) and group(5) of the host, whose numbers are not given away. */
  readonly hostAccounts?: { readonly passwd: string; readonly group: string };
  /** The host's /etc, for an initramfs of its own. */
  readonly hostEtc?: string;
  /** Make the commit anew though the same was asked for before. */
  readonly remake?: boolean;
  readonly offline?: boolean;
  /** Whether what is only recommended comes too; default true. */
  readonly recommends?: boolean;
  /** Choose only. */
  readonly dryRun?: boolean;
  /** Choose and import only. */
  readonly downloadOnly?: boolean;
}

/** A package of the base that goes, and what comes in its place. */
export interface Replacement {
  readonly from: PackageId;
  readonly to: PackageId;
  /** The repository that it was asked for from; absent for a package file. */
  readonly repository?: string;
}

export interface Layered {
  /** The base itself where nothing is left to layer; absent of a dry run. */
  readonly commit?: Checksum;
  /** Whether it is another commit than `previous`. */
  readonly changed: boolean;
  readonly added: readonly PackageId[];
  readonly removed: readonly PackageId[];
  readonly replaced: readonly Replacement[];
  /** Requests that the base meets already. */
  readonly present: readonly { readonly request: string; readonly by: PackageId }[];
  /** Names of `replaceFrom` that the base does not have. */
  readonly inactive: readonly string[];
}

/** The packages that a wish comes to upon a base. */
export interface LayerChoice extends Pick<Layered, "added" | "removed" | "replaced" | "present" | "inactive"> {
  /** A text for each package that comes, which changes with its content. */
  readonly identities: readonly string[];
  /** Of the commit: the list of all packages, and the repositories. */
  readonly metadata: ReadonlyMap<string, Variant>;
  /** Downloads and imports what comes. */
  import(progress: ProgressListener): Promise<LayerInstaller>;
}

export interface LayerInstaller {
  /** Whether modules or a kernel come: modules.dep and perhaps the initramfs must be made anew. */
  readonly kernel: boolean;
  /** Lays the packages upon the opened base and runs their scripts; `tree` is changed. */
  install(workspace: Workspace, tree: DirNode, base: OpenedBase, progress: ProgressListener): Promise<void>;
}
