// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, renameSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import {
  lstatIfExists,
  makeDirectories,
  type ProgressListener,
  removeTree,
  silent,
  temporaryName,
} from "../../base/index.ts";
import type { DirNode } from "../../ostree/index.ts";
import { build, type Build } from "../build.ts";
import { composeError } from "../errors.ts";
import { finalizeDirectory } from "../finalize.ts";
import { installTree, postprocessTree } from "../finish.ts";
import type { PackageFormat } from "../format.ts";
import { nameRelease } from "../layout/index.ts";
import { linkToplevel } from "../layout/toplevel.ts";
import { materialize } from "../materialize.ts";
import type { ComposeOptions, ComposeResult } from "../model.ts";
import { move } from "../tree.ts";
import type { Treefile } from "../treefile/model.ts";

export interface InstallOptions extends ComposeOptions {
  /** Where the tree is written to; it must not be there yet. */
  readonly rootfs: string;
  /** Also do what `compose postprocess` does. */
  readonly postprocess?: boolean;
  /** Leave /etc at /etc, for a container image. */
  readonly plainEtc?: boolean;
}

/** `rootfs` is absent where nothing was written: nothing changed, or packages were only chosen or downloaded. */
export interface InstallResult extends Pick<ComposeResult, "changed" | "packages" | "inputHash" | "version"> {
  readonly rootfs?: string;
}

/**
 * The first step of a compose: a treefile's packages in a directory, with its changes made, scripts run and /etc at
 * /usr/etc (rpmostree-compose-builtin-tree.cxx `rpmostree_compose_builtin_install`). No file is shared with the cache.
 */
export async function installRoot(
  options: InstallOptions,
  progress: ProgressListener = silent,
): Promise<InstallResult> {
  const { treefile } = options;
  const rootfs = resolve(options.rootfs);
  if (lstatIfExists(rootfs)) {
    throw composeError("exists", `${rootfs} is there already`, { hint: "name another directory, or remove this one" });
  }
  const { inputs, made } = await build(options, progress, async (given) => {
    const { tree, version } = await makeTree(given, options, progress);
    await writeRoot(tree, rootfs, async (directory) => {
      if (options.postprocess === true) await finalizeDirectory(directory, treefile, progress);
      if (options.plainEtc === true) renameSync(join(directory, "usr/etc"), join(directory, "etc"));
    });
    return { rootfs, ...(version !== undefined && { version }) };
  });
  return { packages: inputs.ids, inputHash: inputs.hash, changed: inputs.changed, ...made };
}

async function makeTree(given: Build, options: InstallOptions, progress: ProgressListener) {
  const { workspace, format, inputs, version } = given;
  const { treefile } = options;
  const release = version === undefined ? {} : { version };
  const tree = await installTree(workspace, inputs.installable, options, format, progress);
  if (options.postprocess === true) await postprocessTree(workspace, tree, { treefile, ...release }, format, progress);
  else shapeInstalled(tree, format, { treefile, ...release });
  return { tree, ...release };
}

/** What `compose install` leaves: the links of the root directory are there, kernel and /var as packages have them. */
function shapeInstalled(
  tree: DirNode,
  { layout }: PackageFormat,
  { treefile, ...release }: { readonly treefile: Treefile; readonly version?: string },
): void {
  const { mutateOsRelease: osReleaseBase } = treefile;
  nameRelease(tree, layout, { ...release, ...(osReleaseBase !== undefined && { osReleaseBase }) });
  linkToplevel(tree, treefile);
  move(tree, "etc", "usr/etc");
}

/** Writes a tree to where nothing is yet: whole, or not at all. @param complete changes it before anyone sees it */
async function writeRoot(
  tree: DirNode,
  directory: string,
  complete: (directory: string) => Promise<void>,
): Promise<void> {
  makeDirectories(dirname(directory));
  const temporary = temporaryName(dirname(directory), ".rootfs-");
  mkdirSync(temporary, { mode: 0o755 });
  try {
    materialize(tree, temporary, { copy: true });
    await complete(temporary);
    renameSync(temporary, directory);
  } catch (error) {
    removeTree(temporary);
    throw error;
  }
}
