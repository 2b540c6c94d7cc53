// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, silent } from "../base/index.ts";
import type { LayerWish, LocalPackage } from "../compose/index.ts";
import type { Keyfile } from "../formats/index.ts";
import { baseCommit } from "./commit-metadata.ts";
import { hostError } from "./errors.ts";
import { refuseOnTrial } from "./health/refuse.ts";
import { deployLayers, type LayersChanged } from "./layers/change-layers.ts";
import { editWish } from "./layers/edit-wish.ts";
import { writeWish } from "./layers/wish.ts";
import { writeInitramfsState } from "./local-initramfs.ts";
import type { Deployment } from "./model.ts";
import { inheritedOrigin, originRefspec } from "./origin.ts";
import { forgetRef, rebaseSource } from "./rebase.ts";
import { type HostSpec, hostSpec } from "./spec.ts";
import type { Sysroot } from "./sysroot.ts";
import { writeTracked } from "./tracked-initrd.ts";
import { applyUpdate, currentDeployment, type Update, type UpdateRequest } from "./update.ts";

export interface EditRequest extends Omit<UpdateRequest, "layers"> {
  readonly spec: HostSpec;
}

/** What became of it: the same version with other things of the host's own, or what the host follows now. */
export type Edited =
  | { readonly kind: "unchanged" }
  | ({ readonly kind: "layers" } & LayersChanged)
  | ({ readonly kind: "update" } & Update);

/** Makes the host what a spec says, in one deployment (bootc's `edit`). */
export async function editHost(
  sysroot: Sysroot,
  { spec, ...request }: EditRequest,
  progress: ProgressListener = silent,
): Promise<Edited> {
  const current = currentDeployment(sysroot, request.stateroot);
  const before = hostSpec(current.origin);
  if (JSON.stringify(before) === JSON.stringify(spec)) return { kind: "unchanged" };
  const edited = { ...current, origin: editedOrigin(current.origin!, before, spec) };
  if (spec.follows === before.follows) return changeInPlace(sysroot, current, edited.origin, request, progress);
  const source = rebaseSource(edited, { refspec: spec.follows });
  const asked = { allowDowngrade: true, ...request };
  const done = await applyUpdate(sysroot, { ...source, current, always: true }, asked, progress);
  const old = originRefspec(current.origin);
  if (done.deployed !== undefined && old !== undefined) forgetRef(sysroot, old);
  return { kind: "update", ...done };
}

async function changeInPlace(
  sysroot: Sysroot,
  current: Deployment,
  origin: Keyfile,
  request: Omit<EditRequest, "spec">,
  progress: ProgressListener,
): Promise<Edited> {
  refuseOnTrial(sysroot);
  using _lock = await sysroot.lock(undefined, (who) => progress({ type: "note", text: `Waiting for ${who}` }));
  const base = baseCommit(sysroot.repo, current.checksum);
  return { kind: "layers", ...(await deployLayers(sysroot, { current, base, origin }, request, progress)) };
}

function editedOrigin(present: Keyfile, before: HostSpec, { wish, track }: HostSpec): Keyfile {
  for (const kind of ["local", "fileOverride", "replace"] as const)
    for (const one of wish[kind]) refuseNew(one, before.wish);
  const origin = inheritedOrigin(present);
  // Their names are checked as those that a command gives.
  const checked = editWish({ ...wish, replaceFrom: [] }, { overrideReplaceFrom: wish.replaceFrom });
  writeInitramfsState(origin, { regenerate: wish.initramfs !== undefined, arguments: wish.initramfs ?? [] });
  writeTracked(origin, track);
  writeWish(origin, checked);
  return origin;
}

/** A package file has to be brought here; a text can only move or remove what was. */
function refuseNew({ nevra, sha256 }: LocalPackage, { local, fileOverride, replace }: LayerWish): void {
  if ([...local, ...fileOverride, ...replace].some((one) => one.nevra === nevra && one.sha256 === sha256)) return;
  throw hostError("layer-request", `${nevra} is no local package of this host`, {
    hint: "atomic host install FILE    atomic host override replace FILE",
  });
}
