// SPDX-License-Identifier: Apache-2.0
/** A format of packages as a compose sees it: all that differs between distributions of Debian and of RPM packages. */
import type { ProgressListener } from "../base/index.ts";
import type { Variant } from "../formats/index.ts";
import type { DirNode } from "../ostree/index.ts";
import type { PackageId } from "../packages/index.ts";
import type { ComposeOptions } from "./model.ts";
import type { Workspace } from "./sandbox.ts";

export interface PackageFormat {
  /** What the tree's programs are told, beside what all are. */
  readonly environment: Readonly<Record<string, string>>;
  readonly layout: FormatLayout;
  /** The key of the commit's metadata that has the input hash. */
  readonly inputHashKey: string;
  choose(options: ComposeOptions, progress: ProgressListener): Promise<Choice>;
}

/** The packages that a treefile comes to. */
export interface Choice {
  readonly ids: readonly PackageId[];
  /** A text for each package that changes with its content. */
  readonly identities: readonly string[];
  /** Of the newest repository, in seconds since 1970. */
  readonly timestamp: number;
  /** What the commit is to tell of packages and repositories; fetches what the repositories say beyond their indices. */
  describe(): Promise<Told>;
  /** Downloads the packages that are neither in the cache nor imported. */
  download(progress: ProgressListener): Promise<void>;
  /** Downloads and imports what is not there yet. */
  import(progress: ProgressListener): Promise<Installable>;
}

/** Metadata of a commit. */
export interface Told {
  readonly metadata: ReadonlyMap<string, Variant>;
  /** Of its detached metadata. */
  readonly detached?: ReadonlyMap<string, Variant>;
}

/** Imported packages. They hold nothing of the repositories' indices, which take more memory than all the rest. */
export interface Installable {
  /** What the commit is to tell that the packages themselves say. */
  readonly told?: Told;
  /** Lays the packages' files out and has their scripts run. @returns the tree as a package manager knows it */
  install(workspace: Workspace, options: ComposeOptions, progress: ProgressListener): Promise<DirNode>;
}

/** How the shape of a deployment differs. */
export interface FormatLayout {
  /** The package database: where packages' programs look for it, and where it is as a part of the release. */
  readonly database: { readonly installed: string; readonly released: string };
  /** What is made of files that packages have in /var: copied at boot from /usr/share/factory, or dropped. */
  readonly varFiles: "factory" | "dropped";
  /** Python's compiled files: made by scripts, so that they are removed, or packaged. */
  readonly pythonCaches: "removed" | "kept";
  /** Where accounts that packages make are kept: in /etc with lines for systemd-sysusers, or in /usr/lib for nss-altfiles. */
  readonly accounts: "sysusers" | "altfiles";
  /** Whether os-release has the version of the release always, or with `mutate-os-release` only. */
  readonly osRelease: "always" | "asked";
}
