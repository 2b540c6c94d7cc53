// SPDX-License-Identifier: Apache-2.0
/** Origin files say where a deployment's updates come from (ostree.repo-config(5), `ostree_sysroot_origin_new_from_refspec`). */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readTextIfExists, writeFileAtomic } from "../base/index.ts";
import { Keyfile } from "../formats/index.ts";
import { type DeploymentName, originPath } from "./model.ts";

export function originFromRefspec(refspec: string): Keyfile {
  const origin = Keyfile.empty();
  origin.set("origin", "refspec", refspec);
  return origin;
}

/** The refspec that upgrades follow; rpm-ostree writes `baserefspec` when packages are layered. */
export function originRefspec(origin: Keyfile | undefined): string | undefined {
  return origin?.get("origin", "refspec") ?? origin?.get("origin", "baserefspec");
}

/** Whether the origin asks for more than its commit: packages, overrides, an initramfs made here (rpm-ostree's origin.rs). */
export function asksForLayers(origin: Keyfile | undefined): boolean {
  const lists: readonly (readonly [group: string, key: string])[] = [
    ["packages", "requested"],
    ["packages", "requested-local"],
    ["packages", "requested-local-fileoverride"],
    ["overrides", "remove"],
    ["overrides", "replace"],
    ["overrides", "replace-local"],
  ];
  const asks = ([group, key]: readonly [string, string]) => (origin?.getList(group, key) ?? []).length > 0;
  return lists.some(asks) || origin?.getBoolean("rpmostree", "regenerate-initramfs") === true;
}

export function originImage(origin: Keyfile | undefined): string | undefined {
  return origin?.get("origin", "container-image-reference");
}

/** Whether the deployment is kept by every clean-up (`ostree admin pin`). */
export function isPinned(origin: Keyfile | undefined): boolean {
  return origin?.getBoolean("libostree-transient", "pinned") ?? false;
}

/** A copy without what belongs to one deployment only (`ostree_deployment_origin_remove_transient_state`). */
export function inheritedOrigin(origin: Keyfile): Keyfile {
  const copy = Keyfile.parse(origin.toString(), "origin");
  copy.removeGroup("libostree-transient");
  copy.removeKey("origin", "override-commit");
  copy.removeKey("origin", "unlocked");
  return copy;
}

export function readOrigin(sysroot: string, name: DeploymentName): Keyfile | undefined {
  const path = join(sysroot, originPath(name));
  const text = readTextIfExists(path);
  return text === undefined ? undefined : Keyfile.parse(text, path);
}

/** Makes updates of a deployment come from elsewhere; what else its origin said is dropped (`ostree admin set-origin`). */
export function setOriginRefspec({ path }: { readonly path: string }, name: DeploymentName, refspec: string): void {
  writeOrigin(path, name, originFromRefspec(refspec), true);
}

/** Writes the origin beside the deployment. Not flushed by itself: the transaction's sync covers it. */
export function writeOrigin(sysroot: string, name: DeploymentName, origin: Keyfile, durable = false): void {
  writeFileAtomic(join(sysroot, originPath(name)), origin.toString(), { durable });
}

export function hasOrigin(sysroot: string, name: DeploymentName): boolean {
  return existsSync(join(sysroot, originPath(name)));
}
