// SPDX-License-Identifier: Apache-2.0
import type { DirNode } from "../../ostree/index.ts";
import { lookupDirectory, take } from "../tree.ts";

/** What a compose made or moved there, which no package lists. */
const made = /^(vmlinuz|initramfs\.img|System\.map|config|modules\.(?!order$|builtin$|builtin\.modinfo$).*)$/;

/**
 * Takes a kernel out of an opened base (rpm-ostree's `rpmostree_kernel_remove`): a tree boots exactly one, and that of a
 * package that goes lies elsewhere than the package says.
 * @param paths of packages that go
 */
export function dropKernel(tree: DirNode, paths: Iterable<string>): void {
  for (const path of paths) {
    const version = /^\/(?:boot\/vmlinuz-|(?:usr\/)?lib\/modules\/)([^/]+?)(?:\/vmlinuz)?$/.exec(path);
    if (version === null || !/vmlinuz/.test(path)) continue;
    const directory = `usr/lib/modules/${version[1]}`;
    for (const name of lookupDirectory(tree, directory)?.entries.keys() ?? []) {
      if (made.test(name)) take(tree, `${directory}/${name}`);
    }
    if (lookupDirectory(tree, directory)?.entries.size === 0) take(tree, directory);
  }
}
