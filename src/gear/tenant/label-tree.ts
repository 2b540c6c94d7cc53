// SPDX-License-Identifier: Apache-2.0
import { getXattrOfPlace, setXattrOfPlace, unlessErrno } from "../../base/index.ts";
import { isSelinuxEnabled, labelXattr, readLabel } from "./label.ts";
import { walkTree } from "./walk-tree.ts";

export interface Labelled {
  readonly files: number;
  /** Of them, those that had another label. */
  readonly changed: number;
}

/** Gives a tree one label, as `chcon -R -h` does, but never beyond its mount or through a symlink. */
export function labelTree(path: string, label: string): Labelled {
  const value = Buffer.from(`${label}\0`);
  let [files, changed] = [0, 0];
  walkTree(path, ({ fd }) => {
    files++;
    if (readLabel(getXattrOfPlace(fd, labelXattr)) === label) return;
    if (setLabel(fd, value)) changed++;
  });
  return { files, changed };
}

/** False where the file system keeps no labels and no kernel asks for them. */
function setLabel(fd: number, value: Buffer): boolean {
  const set = () => (setXattrOfPlace(fd, labelXattr, value), true);
  return isSelinuxEnabled() ? set() : (unlessErrno(["ENOTSUP"], set) ?? false);
}

export interface WrongLabel {
  readonly path: string;
  readonly label: string | undefined;
}

/** Lists of files are for people: what is wrong in a million files is told of the first ones. */
const listLimit = 1000;

/** Files of a tree that have another label, and how many there are; at most 1000 are listed. */
export function checkTree(path: string, label: string): { readonly count: number; readonly wrong: WrongLabel[] } {
  const wrong: WrongLabel[] = [];
  let count = 0;
  walkTree(path, (place) => {
    const found = readLabel(getXattrOfPlace(place.fd, labelXattr));
    if (found === label) return;
    count++;
    if (wrong.length < listLimit) wrong.push({ path: place.path, label: found });
  });
  return { count, wrong };
}
