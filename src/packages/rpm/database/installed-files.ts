// SPDX-License-Identifier: Apache-2.0
import { readFileTable } from "../file-table.ts";
import { tag } from "../tags.ts";
import { readRpmDatabase } from "./open.ts";

/** What an installed package brought. */
export interface PackageFiles {
  readonly name: string;
  /** What it was built from; packages of one source change together. */
  readonly source: string;
  /** Absolute, as the package has them. */
  readonly paths: readonly string[];
}

/** The files of each package of a database, in its order. @param directory as `findRpmDatabase` gives it */
export function readInstalledFiles(directory: string): PackageFiles[] {
  return Array.from(readRpmDatabase(directory), (header) => {
    const name = header.string(tag.name) ?? "";
    // NAME-VERSION-RELEASE.src.rpm
    const source = header.string(tag.sourceRpm)?.replace(/-[^-]*-[^-]*$/, "") ?? name;
    return { name, source, paths: readFileTable(header, name).files.map(({ path }) => path) };
  });
}
