// SPDX-License-Identifier: Apache-2.0
/** Each version's initramfs made on this host, of its /etc and with arguments for dracut (rpm-ostree's `initramfs`). */
import { type ProgressListener, silent } from "../base/index.ts";
import type { Keyfile } from "../formats/index.ts";
import { baseCommit } from "./commit-metadata.ts";
import type { DeployResult } from "./deploy.ts";
import { hostError } from "./errors.ts";
import { refuseOnTrial } from "./health/refuse.ts";
import { assembleLayers } from "./layers/assemble-layers.ts";
import { nameBase } from "./layers/wish.ts";
import { asksForLayers, inheritedOrigin, originFromRefspec } from "./origin.ts";
import { type Deploying, redeploy } from "./redeploy.ts";
import type { Sysroot } from "./sysroot.ts";
import { currentDeployment } from "./update.ts";

export interface InitramfsState {
  readonly regenerate: boolean;
  readonly arguments: readonly string[];
}

export interface InitramfsRequest extends InitramfsState, Deploying {
  readonly stateroot?: string;
}

const group = "rpmostree";

export function initramfsState(origin: Keyfile | undefined): InitramfsState {
  return {
    regenerate: origin?.getBoolean(group, "regenerate-initramfs") ?? false,
    arguments: origin?.getList(group, "initramfs-args") ?? [],
  };
}

/**
 * A deployment of the present version with an initramfs of the host's own boots next, or with the version's again. Asked for
 * once more with arguments, it is made anew: a file that dracut reads may have changed.
 */
export async function setLocalInitramfs(
  sysroot: Sysroot,
  request: InitramfsRequest,
  progress: ProgressListener = silent,
): Promise<DeployResult> {
  refuseOnTrial(sysroot);
  using _lock = await sysroot.lock(undefined, (who) => progress({ type: "note", text: `Waiting for ${who}` }));
  const current = currentDeployment(sysroot, request.stateroot);
  const base = baseCommit(sysroot.repo, current.checksum);
  const origin = current.origin === undefined ? originFromRefspec(base) : inheritedOrigin(current.origin);
  refuseUnchanged(initramfsState(origin), request);
  writeInitramfsState(origin, request);
  const layered = asksForLayers(origin)
    ? await assembleLayers(sysroot, { base, origin, current, remake: true }, progress)
    : { commit: base };
  return redeploy(sysroot, current, { rev: layered.commit ?? base, origin }, request, progress);
}

/** `initramfs_state_transaction_execute` */
function refuseUnchanged(before: InitramfsState, { regenerate, arguments: wanted }: InitramfsRequest): void {
  if (before.regenerate !== regenerate || before.arguments.length > 0 || wanted.length > 0) return;
  throw hostError("unchanged", `initramfs regeneration state is already ${regenerate ? "enabled" : "disabled"}`);
}

/** Notes in the origin how the initramfs is made. */
export function writeInitramfsState(origin: Keyfile, { regenerate, arguments: wanted }: InitramfsRequest): void {
  for (const key of ["regenerate-initramfs", "initramfs-args"]) origin.removeKey(group, key);
  if (regenerate) origin.set(group, "regenerate-initramfs", true);
  if (regenerate && wanted.length > 0) origin.setList(group, "initramfs-args", wanted);
  if (origin.keys(group).length === 0) origin.removeGroup(group);
  nameBase(origin);
}
