// SPDX-License-Identifier: Apache-2.0
import { getXattrOfPlace } from "../../base/index.ts";
import { labelLevel } from "./categories.ts";
import { labelXattr, readLabel } from "./label.ts";
import type { UserRange } from "./model.ts";
import { walkTree } from "./walk-tree.ts";

/** How many files of a tree a later tenant of this level and these users could reach by them. */
export function countOwned(path: string, level: string, users: UserRange): number {
  let count = 0;
  walkTree(path, ({ fd, stat }) => {
    const label = readLabel(getXattrOfPlace(fd, labelXattr));
    const own = (id: number) => id >= users.first && id < users.first + users.count;
    if ((label !== undefined && labelLevel(label) === level) || own(stat.uid) || own(stat.gid)) count++;
  });
  return count;
}
