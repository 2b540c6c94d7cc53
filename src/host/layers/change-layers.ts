// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, silent } from "../../base/index.ts";
import type { Keyfile } from "../../formats/index.ts";
import type { Checksum } from "../../ostree/index.ts";
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
import { editWish } from "./edit-wish.ts";
import { importChange, type ImportOptions, type LayerChange } from "./import-change.ts";
import { trimPackageRefs } from "./refs.ts";
import { readWish, writeWish } from "./wish.ts";

export interface LayerRequest
  extends
    LayerChange,
    ImportOptions,
    Pick<DeployRequest, "stage" | "lockFinalization" | "startFinalizer" | "makeRoom"> {
  readonly stateroot?: string;
  /** Requests that the base meets already are no error. */
  readonly allowInactive?: boolean;
  readonly downloadOnly?: boolean;
  readonly dryRun?: boolean;
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
  const after = editWish(before, await importChange(sysroot, current.stateroot, request, progress));
  if (JSON.stringify(before) === JSON.stringify(after)) return { changed: false, ...nothing };
  writeWish(origin, after);
  return deployLayers(sysroot, { current, base, origin }, request, progress);
}

/** A version as an origin wants it. */
export interface WantedLayers {
  /** What boots next before the change. */
  readonly current: Deployment;
  readonly base: Checksum;
  readonly origin: Keyfile;
}

/** Makes the version what its origin asks for, and has that boot next. The caller holds the lock. */
export async function deployLayers(
  sysroot: Sysroot,
  { current, base, origin }: WantedLayers,
  request: Omit<LayerRequest, keyof LayerChange>,
  progress: ProgressListener,
): Promise<LayersChanged> {
  const asked = { base, origin, current, ...howOf(request) };
  const layered = asksForLayers(origin)
    ? await assembleLayers(sysroot, asked, progress)
    : { ...nothing.layered, commit: base, changed: base !== current.checksum };
  if (request.allowInactive !== true) refuseInactive(layered, readWish(current.origin).packages);
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

function howOf({ repositories, cacheOnly, downloadOnly, dryRun }: Omit<LayerRequest, keyof LayerChange>) {
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
