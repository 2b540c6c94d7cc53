// SPDX-License-Identifier: Apache-2.0
import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeDirectories } from "../base/index.ts";
import { composeError } from "./errors.ts";

/** Distributions that there is a treefile to start with for. */
export const distributions = ["fedora", "centos", "rhel", "debian"] as const;
export type Distribution = (typeof distributions)[number];

/** Where the files that are shipped with the program come from. */
export interface ShippedFiles {
  names(): string[];
  read(name: string): string;
}

/**
 * The files to start a host with, by name: the treefile of `examples/`, its repositories, and the units that it puts into
 * the tree, which lie beside it instead of beside `examples/`.
 */
export function startingFiles(distribution: Distribution, shipped: ShippedFiles): Map<string, string> {
  const names = shipped.names().filter((name) => name.startsWith("system/"));
  const treefile = `${distribution}-container-host.yaml`;
  const files = new Map<string, string>();
  const text = shipped.read(`examples/${treefile}`);
  files.set(treefile, text.replaceAll("../system/", "system/").replaceAll("examples/", ""));
  const repositories = `${distribution}.repo`;
  if (shipped.names().includes(`examples/${repositories}`)) {
    files.set(repositories, shipped.read(`examples/${repositories}`));
  }
  for (const name of names.toSorted()) files.set(name, shipped.read(name));
  return files;
}

/** Writes the files into a directory, which is made when it is missing; a file that is there is never changed. */
export function writeStartingFiles(directory: string, files: ReadonlyMap<string, string>): void {
  const existing = [...files.keys()].find((name) => existsSync(join(directory, name)));
  if (existing !== undefined) {
    throw composeError("exists", `${join(directory, existing)} is there already`, {
      hint: "name an empty directory: atomic compose init --from DISTRIBUTION DIR",
    });
  }
  for (const [name, text] of files) {
    makeDirectories(dirname(join(directory, name)));
    writeFileSync(join(directory, name), text);
  }
}
