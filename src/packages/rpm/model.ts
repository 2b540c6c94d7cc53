// SPDX-License-Identifier: Apache-2.0
/** What is known of an RPM package wherever it comes from: a package file, repository metadata, an installed database. */
import type { PackageId } from "../model.ts";

/** Epoch, version and release. A dependency may leave out the release; `epoch` is 0 where none is given. */
export interface Evr {
  readonly epoch: number;
  readonly version: string;
  readonly release?: string;
}

export type RpmOperator = "<" | "<=" | "=" | ">=" | ">";

/** One dependency: a name, a file's path, or a rich expression in parentheses (rpm.org, "More on dependencies"). */
export interface RpmDependency {
  readonly name: string;
  /** Absent, as `evr` is, when any version will do. */
  readonly operator?: RpmOperator;
  readonly evr?: Evr;
  /** RPMSENSE_PREREQ and its kin: needed before the scripts run. */
  readonly pre?: boolean;
}

/** The kinds of dependencies, in the words of RPM's tags. */
export const rpmRelations = [
  "provides",
  "requires",
  "conflicts",
  "obsoletes",
  "recommends",
  "suggests",
  "supplements",
  "enhances",
] as const;

export type RpmRelation = (typeof rpmRelations)[number];

/** What a solver reads of a package. */
export interface RpmPackage extends PackageId {
  /** `version` of PackageId is the text of this: `[EPOCH:]VERSION-RELEASE`, without an epoch of 0. */
  readonly evr: Evr;
  readonly vendor: string;
  /** Seconds since 1970. */
  readonly buildTime: number;
  /** Bytes on the disk when installed, as the package says. */
  readonly installedSize: number;
  dependencies(relation: RpmRelation): readonly RpmDependency[];
  /** Whether the package has this file. May load the repository's list of files when a path is not in its short list. */
  hasFile(path: string): boolean;
}
