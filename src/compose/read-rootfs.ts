// SPDX-License-Identifier: Apache-2.0
import { lstatSync } from "node:fs";
import { join } from "node:path";
import type { Xattr } from "../base/index.ts";
import { type DirNode, scanTree } from "../ostree/index.ts";
import { composeError } from "./errors.ts";
import { makeFileNode, put, walk } from "./tree.ts";

/** rpmostree-postprocess.cxx `filter_xattrs_cb`: labels come from the tree's policy, all else is this machine's. */
const acceptedXattrs: Readonly<Record<string, string>> = {
  "security.capability": "security.capability",
  "security.ima": "security.ima",
  "user.pax.flags": "user.pax.flags",
  // Written where the kernel of the composing machine lets nobody write the other one.
  "user.ima": "security.ima",
};

const fileType = { mask: 0o170000, character: 0o020000, block: 0o060000 };

/**
 * Reads a tree that lies in a directory, as it is to be committed (composepost.rs `postprocess_devices`): devices are left
 * out, unless `ignore-devices` is false, and the whiteouts of an overlay are kept as files, which ostree makes whiteouts of.
 */
export function readRootfs(directory: string, options: { readonly ignoreDevices: boolean }): DirNode {
  const whiteouts: { readonly path: string; readonly mode: number }[] = [];
  const tree = scanTree(directory, {
    filter(path, mode) {
      const type = mode & fileType.mask;
      if (type !== fileType.character && type !== fileType.block) return true;
      if (type === fileType.character && lstatSync(join(directory, path)).rdev === 0) whiteouts.push({ path, mode });
      else if (!options.ignoreDevices)
        throw composeError("bad-tree", `${path} is a device, and ignore-devices is false`);
      return false;
    },
  });
  for (const [, node] of walk(tree)) {
    if (node.kind === "dir") node.meta = { ...node.meta, xattrs: [] };
    else if (node.header.xattrs.length > 0) {
      node.header = { ...node.header, xattrs: keptXattrs(node.header.xattrs) };
    }
  }
  tree.meta = { ...tree.meta, xattrs: [] };
  for (const { path, mode } of whiteouts) {
    put(tree, path.replace(/[^/]+$/, ".ostree-wh.$&"), makeFileNode("", mode & 0o777));
  }
  return tree;
}

function keptXattrs(xattrs: readonly Xattr[]): Xattr[] {
  const kept = xattrs.flatMap(({ name, value }) => {
    const as = Object.hasOwn(acceptedXattrs, name) ? acceptedXattrs[name] : undefined;
    return as === undefined ? [] : [{ name: as, value }];
  });
  // A file may have a signature under both names: the kernel's counts.
  return [...new Map(kept.toReversed().map((one) => [one.name, one])).values()].sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
}
