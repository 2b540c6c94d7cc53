// SPDX-License-Identifier: Apache-2.0
import { makeDirectories, type ProgressListener, removeTree, silent, stage } from "../../base/index.ts";
import { type Checksum, type DirNode, readTree } from "../../ostree/index.ts";
import { debFormat } from "../deb-format.ts";
import { composeError } from "../errors.ts";
import { epoch } from "../finish.ts";
import type { FormatLayout, PackageFormat } from "../format.ts";
import { initramfsPath, makeModulesDep, remakeInitramfs } from "../initramfs.ts";
import { kernelVersion } from "../layout/kernel.ts";
import { applyUpper } from "../overlay.ts";
import { rpmFormat } from "../rpm/rpm-format.ts";
import { makeWorkspace, requireRoot } from "../sandbox.ts";
import { lookup } from "../tree.ts";
import { layeredAccounts } from "./accounts.ts";
import { commitLayers } from "./commit-layers.ts";
import { chooseDebs } from "./deb.ts";
import { closeInitramfs, commitLocalInitramfs, localInitramfs, noPackages, wantsPackages } from "./local-initramfs.ts";
import { stateKey, stateOf } from "./metadata.ts";
import type { LayerChoice, Layered, LayerInstaller, LayerOptions } from "./model.ts";
import { chooseRpmLayers } from "./rpm.ts";
import { closeBase, openBase } from "./shape.ts";

/**
 * Makes the commit that a host deploys: the base with packages added, removed and replaced. Its parent is the base
 * (rpm-ostree's client-side layering). Only what comes is downloaded, imported and written; nothing is done when `previous`
 * was made of the same.
 */
export async function layerPackages(options: LayerOptions, progress: ProgressListener = silent): Promise<Layered> {
  const { repo, base, previous, dryRun = false, downloadOnly = false } = options;
  requireRoot();
  makeDirectories(options.cacheDir);
  const tree = readTree(repo, base);
  if (!wantsPackages(options)) return layerInitramfs(options, tree, progress);
  const { format, layout, choice } = await choose(options, tree, progress);
  const { added, removed, replaced, present, inactive } = choice;
  const told = { added, removed, replaced, present, inactive };
  if (isEmpty(options, choice)) return { ...told, commit: base, changed: (previous ?? base) !== base };
  const state = stateOf(options, choice);
  if (previous !== undefined && isMadeOf(options, previous, state))
    return { ...told, commit: previous, changed: false };
  if (dryRun) return { ...told, changed: true };
  const installer = await choice.import(progress);
  if (downloadOnly) return { ...told, changed: true };
  const commit = await assemble(options, { tree, format, layout, choice, installer, state }, progress);
  return { ...told, commit, changed: true };
}

/** Without packages: the base, with an initramfs of the host's own where that is asked for. */
async function layerInitramfs(options: LayerOptions, tree: DirNode, progress: ProgressListener): Promise<Layered> {
  const { base, previous, initramfs, dryRun = false, downloadOnly = false } = options;
  const choice = noPackages(options);
  const { added, removed, replaced, present, inactive } = choice;
  const told = { added, removed, replaced, present, inactive };
  if (initramfs === undefined) return { ...told, commit: base, changed: (previous ?? base) !== base };
  const state = stateOf(options, choice);
  if (previous !== undefined && isMadeOf(options, previous, state))
    return { ...told, commit: previous, changed: false };
  if (dryRun || downloadOnly) return { ...told, changed: true };
  return { ...told, commit: await commitLocalInitramfs(options, { tree, choice, state }, progress), changed: true };
}

/** Whether the base alone does: requests that it meets need no commit of their own (rpm-ostree's inactive requests). */
function isEmpty({ initramfs }: LayerOptions, { added, removed, replaced }: LayerChoice): boolean {
  return added.length + removed.length + replaced.length === 0 && initramfs === undefined;
}

/** What dracut finds in the host's /etc is not known: who asks for an initramfs anew wants it made. */
function isMadeOf({ repo, remake = false }: LayerOptions, commit: Checksum, state: string): boolean {
  return !remake && repo.has(commit, "commit") && repo.loadCommit(commit).metadata.get(stateKey)?.value === state;
}

interface Chosen {
  readonly format: PackageFormat;
  readonly layout: FormatLayout;
  readonly choice: LayerChoice;
}

/** Where dpkg's database is in trees of ours, and of others. */
const dpkgPlaces = ["usr/lib/sysimage/dpkg", "usr/share/dpkg"];

async function choose(options: LayerOptions, tree: DirNode, progress: ProgressListener): Promise<Chosen> {
  if (options.repositories.format === "rpm")
    return { format: rpmFormat, layout: rpmFormat.layout, choice: await chooseRpmLayers(options, progress) };
  const released = dpkgPlaces.find((place) => lookup(tree, `${place}/status`));
  if (released === undefined)
    throw composeError("bad-tree", `commit ${options.base} has its dpkg database in none of ${dpkgPlaces.join(", ")}`);
  const layout = { ...debFormat.layout, database: { installed: debFormat.layout.database.installed, released } };
  return { format: debFormat, layout, choice: await chooseDebs(options, tree, released, progress) };
}

interface Assembly extends Chosen {
  readonly tree: DirNode;
  readonly installer: LayerInstaller;
  readonly state: string;
}

async function assemble(options: LayerOptions, made: Assembly, progress: ProgressListener): Promise<Checksum> {
  const { tree, layout, installer, format } = made;
  const { repo, previous, hostAccounts, initramfs } = options;
  const workspace = makeWorkspace(options.workDir, options.basearch);
  try {
    const earlier = previous === undefined ? undefined : layeredAccounts(repo, previous);
    const opened = openBase(tree, layout, earlier, hostAccounts);
    await installer.install(workspace, tree, opened, progress);
    const kernel = kernelVersion(tree);
    if (kernel !== undefined && (installer.kernel || initramfs !== undefined)) {
      const env = { ...format.environment, SOURCE_DATE_EPOCH: epoch };
      const renewed = initramfs !== undefined || !lookup(tree, initramfsPath(kernel));
      await stage(progress, "compose.initramfs", `Making modules.dep and initramfs for ${kernel}`, async () => {
        await makeModulesDep(workspace, kernel, env);
        if (renewed) await remakeInitramfs(workspace, tree, kernel, localInitramfs(options), env);
      });
      applyUpper(tree, workspace.upper);
    }
    closeBase(tree, layout, opened);
    if (initramfs !== undefined) closeInitramfs(tree);
    return await stage(
      progress,
      "compose.commit",
      "Committing",
      () => commitLayers(options, made),
      (checksum) => checksum,
    );
  } finally {
    removeTree(workspace.path);
  }
}
