// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { download, makeDirectories, type ProgressListener, silent } from "../../base/index.ts";
import type { RemoteReplacement } from "../../compose/index.ts";
import type { PackageDiff } from "../../packages/index.ts";
import { baseCommit } from "../commit-metadata.ts";
import { deploy, type DeployRequest, type DeployResult } from "../deploy.ts";
import { hostError } from "../errors.ts";
import { refuseOnTrial } from "../health/refuse.ts";
import type { Deployment } from "../model.ts";
import { asksForLayers, inheritedOrigin, originFromRefspec } from "../origin.ts";
import { packageDiff } from "../package-diff.ts";
import { pruneSysroot } from "../images.ts";
import type { Sysroot } from "../sysroot.ts";
import { currentDeployment } from "../update.ts";
import { type AssembledLayers, assembleLayers } from "./assemble-layers.ts";
import { downloadFromRepository } from "./download-packages.ts";
import { editWish, type NamedLocal, type WishChange } from "./edit-wish.ts";
import { trimPackageRefs } from "./refs.ts";
import type { RepositoryOptions } from "./repositories.ts";
import { readWish, writeWish } from "./wish.ts";

/** As `WishChange`, with files instead of imported packages: paths or URLs. */
export interface LayerChange extends Omit<WishChange, "installLocal" | "installFileOverride" | "overrideReplace"> {
  readonly installFiles?: readonly string[];
  readonly overrideFiles?: readonly string[];
  /** Packages that a repository has now, which stay in that version. */
  readonly overrideFrozen?: readonly RemoteReplacement[];
  /** Files of local packages may replace those of the base. */
  readonly forceReplaceFiles?: boolean;
}

export interface LayerRequest
  extends LayerChange, Pick<DeployRequest, "stage" | "lockFinalization" | "startFinalizer" | "makeRoom"> {
  readonly stateroot?: string;
  /** Requests that the base meets already are no error. */
  readonly allowInactive?: boolean;
  readonly cacheOnly?: boolean;
  readonly downloadOnly?: boolean;
  readonly dryRun?: boolean;
  readonly repositories?: RepositoryOptions;
}

export interface LayersChanged {
  /** False: all that was asked for is so already. */
  readonly changed: boolean;
  readonly layered: Pick<AssembledLayers, "added" | "removed" | "replaced" | "present" | "inactive">;
  /** Against what would have booted next; undefined when nothing was made. */
  readonly packages: PackageDiff | undefined;
  readonly deployed: DeployResult | undefined;
}

/**
 * Adds packages to the present version, or takes them back; the same for changes of its own packages (rpm-ostree's
 * `install`, `uninstall`, `override`). A deployment of the version with the packages boots next.
 */
export async function changeLayers(
  sysroot: Sysroot,
  request: LayerRequest,
  progress: ProgressListener = silent,
): Promise<LayersChanged> {
  refuseOnTrial(sysroot);
  using _lock = await sysroot.lock(undefined, (who) => progress({ type: "note", text: `Waiting for ${who}` }));
  const current = currentDeployment(sysroot, request.stateroot);
  const base = baseCommit(sysroot.repo, current.checksum);
  const origin = current.origin === undefined ? originFromRefspec(base) : inheritedOrigin(current.origin);
  const before = readWish(origin);
  const after = editWish(before, await imported(sysroot, current, request, progress));
  if (JSON.stringify(before) === JSON.stringify(after)) return { changed: false, ...nothing };
  writeWish(origin, after);
  const asked = { base, origin, current, ...howOf(request) };
  const layered = asksForLayers(origin)
    ? await assembleLayers(sysroot, asked, progress)
    : { ...nothing.layered, commit: base, changed: base !== current.checksum };
  if (request.allowInactive !== true) refuseInactive(layered, before.packages);
  const { commit } = layered;
  if (commit === undefined || request.dryRun === true)
    return { changed: true, layered, packages: undefined, deployed: undefined };
  const { stage, lockFinalization, startFinalizer, makeRoom } = request;
  const deployed = await deploy(
    sysroot,
    {
      stateroot: current.stateroot,
      rev: commit,
      kernelArgs: current.kernelArgs,
      origin,
      stage: stage ?? sysroot.booted !== undefined,
      ...(lockFinalization === undefined ? {} : { lockFinalization }),
      ...(startFinalizer === undefined ? {} : { startFinalizer }),
      ...(makeRoom === undefined ? {} : { makeRoom }),
    },
    progress,
  );
  trimPackageRefs(sysroot);
  pruneSysroot(sysroot, {}, progress);
  return {
    changed: true,
    layered,
    packages: await packageDiff(sysroot.repo, current.checksum, deployed.deployment.checksum),
    deployed,
  };
}

const nothing = {
  layered: { added: [], removed: [], replaced: [], present: [], inactive: [] },
  packages: undefined,
  deployed: undefined,
} as const;

function howOf({ repositories, cacheOnly, downloadOnly, dryRun }: LayerRequest) {
  return {
    ...(repositories === undefined ? {} : { repositories }),
    cacheOnly: cacheOnly ?? false,
    downloadOnly: downloadOnly ?? false,
    dryRun: dryRun ?? false,
  };
}

/** rpm-ostree's check of what somebody asks for though it is there (`rpmostree_origin_add_packages`). */
function refuseInactive({ present }: Pick<AssembledLayers, "present">, before: readonly string[]): void {
  const fresh = present.find(({ request }) => !before.includes(request));
  if (fresh === undefined) return;
  const { name, version, architecture } = fresh.by;
  throw hostError("layer-request", `"${fresh.request}" is already provided by: ${name}-${version}.${architecture}`, {
    hint: "--allow-inactive  requires it all the same, for versions that may not have it",
  });
}

async function imported(
  sysroot: Sysroot,
  current: Deployment,
  request: LayerRequest,
  progress: ProgressListener,
): Promise<WishChange> {
  const { installFiles = [], overrideFiles = [], overrideFrozen = [], forceReplaceFiles = false } = request;
  const { stateroot } = current;
  const { cacheOnly = false, repositories = {} } = request;
  const frozen: string[] = [];
  for (const { repository, packages: queries } of overrideFrozen) {
    const asked = { stateroot, repository, queries, cacheOnly, repositories };
    frozen.push(...(await downloadFromRepository(sysroot, asked, progress)));
  }
  const [local, replacing] = [
    await importFiles(sysroot, current, installFiles),
    await importFiles(sysroot, current, [...overrideFiles, ...frozen]),
  ];
  return {
    ...request,
    ...(forceReplaceFiles ? { installFileOverride: local } : { installLocal: local }),
    overrideReplace: replacing,
  };
}

/** Files and URLs become packages of the repository. */
async function importFiles(sysroot: Sysroot, current: Deployment, files: readonly string[]): Promise<NamedLocal[]> {
  if (files.length === 0) return [];
  const { importLocalPackage } = await import("../../compose/index.ts");
  const found: NamedLocal[] = [];
  for (const file of files) {
    const path = /^https?:\/\//.test(file) ? await fetched(sysroot, current, file) : file.replace(/^file:\/\//, "");
    if (!existsSync(path)) throw hostError("layer-request", `${path}: there is no such file`);
    found.push(await importLocalPackage(sysroot.repo, path));
  }
  return found;
}

async function fetched(sysroot: Sysroot, { stateroot }: Deployment, url: string): Promise<string> {
  const directory = join(sysroot.path, "ostree/deploy", stateroot, "var/cache/atomic/files");
  makeDirectories(directory);
  const path = join(directory, `${createHash("sha256").update(url).digest("hex")}.package`);
  await download(url, path);
  return path;
}
