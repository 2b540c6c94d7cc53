// SPDX-License-Identifier: Apache-2.0
/** A base with nothing but another initramfs: no repository is asked, and no package touched. */
import { lstatSync } from "node:fs";
import { join, resolve } from "node:path";
import { type ProgressListener, removeTree, stage } from "../../base/index.ts";
import type { Checksum, DirNode, FileHeader } from "../../ostree/index.ts";
import { composeError } from "../errors.ts";
import { epoch } from "../finish.ts";
import { initramfsPath, remakeInitramfs } from "../initramfs.ts";
import { kernelVersion } from "../layout/kernel.ts";
import { materialize } from "../materialize.ts";
import { makeWorkspace, type Workspace } from "../sandbox.ts";
import { lookupDirectory, lookupFile, put, withHeader } from "../tree.ts";
import { commitLayers } from "./commit-layers.ts";
import type { LayerChoice, LayerOptions } from "./model.ts";

/** Whether packages come, go or are replaced. */
export function wantsPackages({ packages, local, fileOverride, remove, replace, replaceFrom }: LayerOptions): boolean {
  return [packages, local, fileOverride, remove, replace, replaceFrom].some((list) => list.length > 0);
}

/** The packages are the base's. */
export function noPackages({ repo, base }: LayerOptions): LayerChoice {
  const keys = ["atomic.packages", "atomic.sources", "rpmostree.rpmdb.pkglist", "rpmostree.rpmmd-repos"];
  const { metadata } = repo.loadCommit(base);
  return {
    added: [],
    removed: [],
    replaced: [],
    present: [],
    inactive: [],
    identities: [],
    metadata: new Map([...metadata].filter(([key]) => keys.includes(key))),
    import: () => Promise.resolve({ kernel: false, install: () => Promise.resolve() }),
  };
}

/** @param tree the base's, which is changed */
export async function commitLocalInitramfs(
  options: LayerOptions,
  made: { readonly tree: DirNode; readonly choice: LayerChoice; readonly state: string },
  progress: ProgressListener,
): Promise<Checksum> {
  const { tree } = made;
  const version = kernelVersion(tree);
  if (version === undefined)
    throw composeError("no-kernel", `commit ${options.base} has no kernel to make an initramfs for`);
  const workspace = makeWorkspace(options.workDir, options.basearch);
  try {
    materialize(tree, workspace.lower);
    await stage(progress, "compose.initramfs", `Making the initramfs for ${version}`, () =>
      remakeInitramfs(workspace, tree, version, localInitramfs(options), { SOURCE_DATE_EPOCH: epoch }),
    );
    takeImage(workspace, tree, version);
    closeInitramfs(tree);
    return await stage(progress, "compose.commit", "Committing", () => commitLayers(options, made));
  } finally {
    removeTree(workspace.path);
  }
}

/** The machine's /etc counts only where its owner asks for an initramfs of his own (rpmostree_run_dracut, `use_root_etc`). */
export function localInitramfs({ repo, base, initramfs, hostEtc }: LayerOptions) {
  return {
    base: repo.loadCommit(base),
    arguments: initramfs ?? [],
    ...(initramfs === undefined || hostEtc === undefined ? {} : { etc: resolve(hostEtc) }),
  };
}

/** The file alone: what else a program leaves behind is none of the version. */
function takeImage({ upper }: Workspace, tree: DirNode, version: string): void {
  const path = initramfsPath(version);
  const file = join(upper, path);
  const header = lookupFile(tree, path)?.header ?? plainImage;
  put(tree, path, { kind: "file", header, source: { type: "path", path: file, size: lstatSync(file).size } });
}

const plainImage: FileHeader = { uid: 0, gid: 0, mode: 0o100600, symlink: "", xattrs: [] };

/** For root only: it has files of this machine. Its second name, for older releases of libostree, too. */
export function closeInitramfs(tree: DirNode): void {
  const version = kernelVersion(tree);
  const names = [...(lookupDirectory(tree, "usr/lib/ostree-boot")?.entries.keys() ?? [])];
  const second = names.filter((name) => name.startsWith("initramfs-")).map((name) => `usr/lib/ostree-boot/${name}`);
  for (const path of [...(version === undefined ? [] : [initramfsPath(version)]), ...second]) {
    const node = lookupFile(tree, path);
    if (node) put(tree, path, withHeader(node, { ...node.header, mode: plainImage.mode }));
  }
}
