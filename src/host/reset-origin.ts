// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, silent } from "../base/index.ts";
import type { Keyfile } from "../formats/index.ts";
import { baseCommit } from "./commit-metadata.ts";
import type { DeployResult } from "./deploy.ts";
import { assembleLayers } from "./layers/assemble-layers.ts";
import { nameBase } from "./layers/wish.ts";
import { asksForLayers, inheritedOrigin } from "./origin.ts";
import { type Deploying, redeploy } from "./redeploy.ts";
import type { Sysroot } from "./sysroot.ts";
import { currentDeployment } from "./update.ts";

export interface ResetRequest extends Deploying {
  readonly stateroot?: string;
  /** Drop layered packages. */
  readonly overlays?: boolean;
  /** Drop replaced and removed packages. */
  readonly overrides?: boolean;
  /** Stop tracking files in the initramfs and making it anew. */
  readonly initramfs?: boolean;
}

/**
 * Takes back what was done to the base on this host (rpm-ostree's `reset`), all of it when nothing is named: a deployment
 * of the base commit alone, with an origin that asks for no more. Undefined: there was nothing.
 */
export async function resetToBase(
  sysroot: Sysroot,
  request: ResetRequest,
  progress: ProgressListener = silent,
): Promise<DeployResult | undefined> {
  const current = currentDeployment(sysroot, request.stateroot);
  if (current.origin === undefined) return undefined;
  const origin = resetOrigin(inheritedOrigin(current.origin), request);
  if (origin.toString() === inheritedOrigin(current.origin).toString()) return undefined;
  using _lock = await sysroot.lock();
  const base = baseCommit(sysroot.repo, current.checksum);
  const layered = asksForLayers(origin)
    ? await assembleLayers(sysroot, { base, origin, current }, progress)
    : { commit: base };
  return redeploy(sysroot, current, { rev: layered.commit ?? base, origin }, request, progress);
}

function resetOrigin(origin: Keyfile, { overlays, overrides, initramfs }: ResetRequest): Keyfile {
  const all = overlays !== true && overrides !== true && initramfs !== true;
  if (all || overlays === true) for (const group of ["packages", "modules"]) origin.removeGroup(group);
  if (all || overrides === true) origin.removeGroup("overrides");
  if (all || initramfs === true)
    for (const key of ["regenerate-initramfs", "initramfs-args", "initramfs-etc"]) origin.removeKey("rpmostree", key);
  nameBase(origin);
  return origin;
}
