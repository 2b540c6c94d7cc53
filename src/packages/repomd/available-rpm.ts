// SPDX-License-Identifier: Apache-2.0
import { type Digest, parseDigest } from "../digest.ts";
import { type Evr, type RpmDependency, type RpmPackage, type RpmRelation, rpmRelations } from "../rpm/model.ts";
import { formatEvr } from "../rpm/version.ts";
import type { LoadedRepository } from "./loaded-repository.ts";
import type { TextColumn } from "./package-index.ts";

/** A package of a repository. What is known of it is decoded when it is first asked for. */
export class AvailableRpm implements RpmPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly evr: Evr;
  readonly repository: LoadedRepository;
  /** Place in the order in which the repositories were read. */
  readonly ordinal: number;
  /** In the repository's index. */
  readonly number: number;
  readonly #dependencies: (readonly RpmDependency[] | undefined)[] = [];

  constructor(repository: LoadedRepository, number: number, ordinal: number) {
    this.repository = repository;
    this.number = number;
    this.ordinal = ordinal;
    this.name = this.text("name");
    this.architecture = this.text("arch");
    this.evr = repository.evr(this.text("evr"));
    this.version = formatEvr(this.evr);
  }

  /** `NAME-[EPOCH:]VERSION-RELEASE.ARCH` */
  get nevra(): string {
    return `${this.name}-${this.version}.${this.architecture}`;
  }

  get vendor(): string {
    return this.text("vendor");
  }

  get buildTime(): number {
    return this.repository.number(this.number, "buildTime");
  }

  get installedSize(): number {
    return this.repository.number(this.number, "installedSize");
  }

  /** Bytes of the package file. */
  get packageSize(): number {
    return this.repository.number(this.number, "packageSize");
  }

  /** Of the package file. */
  get checksum(): Digest {
    return parseDigest(this.text("checksum"));
  }

  text(column: TextColumn): string {
    return this.repository.text(this.number, column);
  }

  /** Equal dependencies of one repository are one object. */
  dependencies(relation: RpmRelation): readonly RpmDependency[] {
    const place = rpmRelations.indexOf(relation);
    return (this.#dependencies[place] ??= this.repository.dependencies(this.number, place));
  }

  /** Paths of the short list: in /etc, below a directory that ends in `bin`, and /usr/lib/sendmail. */
  get shortFiles(): readonly string[] {
    return this.repository.shortFiles(this.number);
  }

  hasFile(path: string): boolean {
    return this.repository.withFile(path).includes(this.number);
  }

  toString(): string {
    return this.nevra;
  }
}
