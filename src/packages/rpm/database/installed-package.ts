// SPDX-License-Identifier: Apache-2.0
import { readFileTable } from "../file-table.ts";
import { dependenciesOf, parsedDependency } from "../header-dependencies.ts";
import type { RpmHeader } from "../header.ts";
import type { Evr, RpmDependency, RpmPackage, RpmRelation } from "../model.ts";
import { tag } from "../tags.ts";
import { formatEvr } from "../version.ts";
import { readRpmDatabase } from "./open.ts";

/** A package of a database as a solver sees it. */
class InstalledPackage implements RpmPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly evr: Evr;
  readonly vendor: string;
  readonly buildTime: number;
  readonly installedSize: number;
  readonly #header: RpmHeader;
  readonly #dependencies = new Map<RpmRelation, readonly RpmDependency[]>();
  #files: ReadonlySet<string> | undefined;

  constructor(header: RpmHeader) {
    this.#header = header;
    this.name = header.string(tag.name) ?? "";
    this.architecture = header.string(tag.architecture) ?? "noarch";
    this.evr = {
      epoch: header.number(tag.epoch) ?? 0,
      version: header.string(tag.version) ?? "",
      release: header.string(tag.release) ?? "",
    };
    this.version = formatEvr(this.evr);
    this.vendor = header.string(tag.vendor) ?? "";
    this.buildTime = header.number(tag.buildTime) ?? 0;
    this.installedSize = header.number(tag.longSize) ?? header.number(tag.size) ?? 0;
  }

  dependencies(relation: RpmRelation): readonly RpmDependency[] {
    let found = this.#dependencies.get(relation);
    if (found === undefined) {
      const what = `${this.name}-${this.version}`;
      found = dependenciesOf(this.#header, relation, what).map(parsedDependency);
      this.#dependencies.set(relation, found);
    }
    return found;
  }

  hasFile(path: string): boolean {
    this.#files ??= new Set(readFileTable(this.#header, this.name).files.map((file) => file.path));
    return this.#files.has(path);
  }
}

/** A package as a solver sees it, by its header alone: one of a file, as of a database. */
export function packageOfHeader(header: RpmHeader): RpmPackage {
  return new InstalledPackage(header);
}

/** What a root has installed, in the order of its database. @param directory as `findRpmDatabase` gives it */
export function readInstalledPackages(directory: string): RpmPackage[] {
  return Array.from(readRpmDatabase(directory), (header) => new InstalledPackage(header));
}
