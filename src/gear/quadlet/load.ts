// SPDX-License-Identifier: Apache-2.0
import { basename } from "node:path";
import type { SystemdUnit } from "../../formats/index.ts";
import { gearError } from "../errors.ts";
import { parseBundle } from "./bundle.ts";
import { Directories } from "./directories.ts";
import { dropInDirectories } from "./drop-ins.ts";
import { isPlainUnit, kindOf } from "./kinds.ts";
import { parseUnit, QuadletFile } from "./quadlet-file.ts";
import { QuadletSet } from "./quadlet-set.ts";

/**
 * Reads Quadlet files and their drop-ins. Of files with one name the first counts. As `podman quadlet install` and unlike its
 * generator, it takes `.quadlets` files apart and keeps other units.
 * @param paths of files, and of directories, which are read with those below them (podman's AppendSubPaths)
 */
export function loadQuadlets(paths: readonly string[]): QuadletSet {
  const directories = new Directories();
  const set = new QuadletSet();
  const read = (path: string): boolean => {
    if (kindOf(basename(path)) !== undefined) set.add(QuadletFile.parse(set.read(path), path));
    else if (path.endsWith(".quadlets")) for (const file of parseBundle(set.read(path), path)) set.add(file);
    else return false;
    return true;
  };
  for (const path of paths) {
    const below = directories.filesBelow(path);
    for (const one of below ?? []) {
      if (!read(one) && isPlainUnit(basename(one)) && !set.plain.has(basename(one))) {
        set.plain.set(basename(one), one);
      }
    }
    if (below !== undefined || read(directories.resolve(path))) continue;
    throw gearError("bad-file", `${path}: not the name of a Quadlet file`);
  }
  mergeDropIns(set, directories);
  return set;
}

/** Drop-ins of one name are one, that of the most specific directory; they are merged in the order of their names. */
function mergeDropIns(set: QuadletSet, directories: Directories): void {
  const units = new Map<string, SystemdUnit>();
  for (const file of set.files) {
    const found = directories.dropIns(dropInDirectories(file));
    for (const [, path] of [...found].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      const text = set.read(path);
      set.count(text.length, path);
      const unit = units.get(path) ?? parseUnit(text, path);
      units.set(path, unit);
      file.unit.merge(unit);
    }
  }
}
