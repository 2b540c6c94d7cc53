// SPDX-License-Identifier: Apache-2.0
import { readdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { unlessErrno } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import { parseBundle } from "./bundle.ts";
import { dropInDirectories } from "./drop-ins.ts";
import { kindOf } from "./kinds.ts";
import { parseUnit, QuadletFile } from "./quadlet-file.ts";
import { QuadletSet } from "./quadlet-set.ts";

/** A directory tree that is none of Quadlet files (`/`) would be walked for hours. */
const mostEntries = 10_000;

export interface LoadOptions {
  /** Whether `.quadlets` files are taken apart, as `podman quadlet install` does and the generator does not. */
  readonly bundles?: boolean;
  /** Directories that are passed over with those below them. */
  readonly except?: readonly string[];
}

/**
 * Reads Quadlet files and their drop-ins. Of files with one name the first counts.
 * @param paths of files, and of directories, which are read with those below them (podman's AppendSubPaths)
 */
export function loadQuadlets(paths: readonly string[], { bundles = true, except = [] }: LoadOptions = {}): QuadletSet {
  const directories = new Directories(except);
  const set = new QuadletSet();
  const read = (path: string) => {
    if (kindOf(basename(path)) !== undefined) set.add(QuadletFile.parse(set.read(path), path));
    else if (bundles && path.endsWith(".quadlets")) for (const file of parseBundle(set.read(path), path)) set.add(file);
    else return false;
    return true;
  };
  for (const path of paths) {
    const below = directories.add(path);
    if (below === undefined) {
      const directory = directories.of(path);
      if (!read(join(directory, basename(path)))) {
        throw gearError("bad-file", `${path}: not the name of a Quadlet file`);
      }
    } else {
      for (const directory of below) for (const name of directories.list(directory)) read(join(directory, name));
    }
  }
  for (const file of set.files) mergeDropIns(file, set, directories);
  return set;
}

/** Whether a path is a Quadlet file, a `.quadlets` file, or a directory with some of them. */
export function hasQuadlets(path: string): boolean {
  const directories = new Directories([]);
  const named = (name: string) => kindOf(name) !== undefined || name.endsWith(".quadlets");
  const below = directories.add(path);
  if (below === undefined) return named(basename(path));
  return below.some((directory) => directories.list(directory).some(named));
}

/** Drop-ins of one name are one, that of the most specific directory; they are merged in the order of their names. */
function mergeDropIns(file: QuadletFile, set: QuadletSet, directories: Directories): void {
  const found = new Map<string, string>();
  for (const name of dropInDirectories(file)) {
    for (const directory of directories.found) {
      for (const dropIn of directories.list(join(directory, name))) {
        if (dropIn.endsWith(".conf") && !found.has(dropIn)) found.set(dropIn, join(directory, name, dropIn));
      }
    }
  }
  for (const dropIn of [...found.keys()].toSorted()) {
    const path = found.get(dropIn)!;
    file.unit.merge(parseUnit(set.read(path), path));
  }
}

/** Directories that are read, each once whatever links lead to it. */
class Directories {
  readonly found: string[] = [];
  readonly #seen = new Set<string>();
  readonly #names = new Map<string, readonly string[]>();
  #entries = 0;

  constructor(except: readonly string[]) {
    for (const path of except) this.#seen.add(unlessErrno(["ENOENT", "ENOTDIR"], () => realpathSync(path)) ?? path);
  }

  /** The directory of a file; drop-ins are looked for there as well. */
  of(path: string): string {
    const real = unlessErrno(["ENOENT", "ENOTDIR"], () => realpathSync(dirname(path)));
    if (real === undefined) throw gearError("bad-file", `${path}: there is no such file`);
    this.found.push(real);
    return real;
  }

  /** The directory and those below it that were not met yet; undefined where it is none. */
  add(path: string): string[] | undefined {
    if (unlessErrno(["ENOENT", "ENOTDIR"], () => statSync(path))?.isDirectory() !== true) return undefined;
    const real = realpathSync(path);
    if (this.#seen.has(real)) return [];
    this.#seen.add(real);
    this.found.push(real);
    // Those of drop-ins are read with what they belong to.
    const below = this.list(real).filter((name) => !name.endsWith(".d"));
    return [real, ...below.flatMap((name) => this.add(join(real, name)) ?? [])];
  }

  /** Sorted; empty where there is no such directory. */
  list(path: string): readonly string[] {
    let names = this.#names.get(path);
    if (names === undefined) {
      names = (unlessErrno(["ENOENT", "ENOTDIR"], () => readdirSync(path)) ?? []).toSorted();
      this.#names.set(path, names);
      this.#entries += names.length;
    }
    if (this.#entries > mostEntries) {
      throw gearError(
        "bad-file",
        `${path}: over ${mostEntries} files here and above, which is no directory of Quadlet files`,
      );
    }
    return names;
  }
}
