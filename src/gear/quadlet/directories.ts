// SPDX-License-Identifier: Apache-2.0
import { readdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { unlessErrno } from "../../base/index.ts";
import { gearError } from "../errors.ts";

/** A directory tree that is none of Quadlet files (`/`) would be walked for hours. */
const mostEntries = 10_000;

/** Files of users, which podman's generator of theirs reads: as the system's they would run as root. */
const ofUsers = ["/etc/containers/systemd/users", "/usr/share/containers/systemd/users"];

/** Directories that are read, each once whatever links lead to it. */
export class Directories {
  readonly #seen = new Set<string>();
  /** Those of drop-ins, by their names. */
  readonly #dropIns = new Map<string, string[]>();
  #entries = 0;

  constructor() {
    for (const path of ofUsers) this.#seen.add(unlessErrno(["ENOENT", "ENOTDIR"], () => realpathSync(path)) ?? path);
  }

  /** Paths of the files of a directory and of those below it that were not met yet; undefined where it is none. */
  filesBelow(path: string): string[] | undefined {
    if (unlessErrno(["ENOENT", "ENOTDIR"], () => statSync(path))?.isDirectory() !== true) return undefined;
    const real = realpathSync(path);
    if (this.#seen.has(real)) return [];
    this.#seen.add(real);
    const paths = this.#list(real).map((name) => join(real, name));
    const below = paths.flatMap((one) => this.filesBelow(one) ?? []);
    return [...paths, ...below];
  }

  /** Where a file that is named by itself is; drop-ins are looked for there. */
  resolve(path: string): string {
    const directory = unlessErrno(["ENOENT", "ENOTDIR"], () => realpathSync(dirname(path)));
    if (directory === undefined) throw gearError("bad-file", `${path}: there is no such file`);
    this.#list(directory);
    return join(directory, basename(path));
  }

  /** Paths of drop-ins by their names, those of the first directory that has one. */
  dropIns(directories: readonly string[]): Map<string, string> {
    const found = new Map<string, string>();
    for (const path of directories.flatMap((name) => this.#dropIns.get(name) ?? [])) {
      for (const name of unlessErrno(["ENOTDIR"], () => this.#list(path)) ?? []) {
        if (name.endsWith(".conf") && !found.has(name)) found.set(name, join(path, name));
      }
    }
    return found;
  }

  /** Sorted names, without directories of drop-ins: those are read with what they belong to. */
  #list(path: string): string[] {
    const names = readdirSync(path).toSorted();
    this.#entries += names.length;
    if (this.#entries > mostEntries) {
      throw gearError("bad-file", `${path}: over ${mostEntries} files, which is no directory of Quadlet files`);
    }
    const isOther = (name: string) => {
      if (!name.endsWith(".d")) return true;
      const paths = this.#dropIns.get(name) ?? [];
      this.#dropIns.set(name, [...paths, join(path, name)]);
      return false;
    };
    return names.filter(isOther);
  }
}
