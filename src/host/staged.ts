// SPDX-License-Identifier: Apache-2.0
/**
 * `/run/ostree/staged-deployment`: the deployment that becomes the default at shutdown, as GVariant `a{sv}`, the format of
 * libostree (`ostree_sysroot_stage_tree_with_options`), so that its programs see what we staged and we what they did.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeDirectories, readIfExists, removeIfExists, writeFileAtomic } from "../base/index.ts";
import { type BlsField, type GVariantValue, readGVariant, type Variant, writeGVariant } from "../formats/index.ts";
import { hostError } from "./errors.ts";
import type { KernelArgs } from "./kernel-args.ts";
import { checkStateroot, deploymentId, type DeploymentName, parseDeploymentId } from "./model.ts";

export interface StagedState {
  readonly target: DeploymentName & { readonly bootChecksum: string };
  /** Whose /etc is to be merged. */
  readonly merge: (DeploymentName & { readonly bootChecksum: string }) | undefined;
  readonly kernelArgs: KernelArgs | undefined;
  readonly overlayInitrds: readonly string[];
  /** Of the boot entry of the deployment whose place it takes. */
  readonly extraFields: readonly BlsField[];
  readonly locked: boolean;
}

const stagedPath = (run: string) => join(run, "ostree/staged-deployment");
const lockedPath = (run: string) => join(run, "ostree/staged-deployment-locked");

/** @param run the machine's /run */
export function readStaged(run: string): StagedState | undefined {
  const path = stagedPath(run);
  const bytes = readIfExists(path);
  if (bytes === undefined) return undefined;
  const state = asDictionary(readGVariant("a{sv}", bytes, path), path);
  const target = state.get("target");
  if (target === undefined) return undefined;
  const merge = state.get("merge-deployment");
  const kargs = state.get("kargs");
  return {
    target: readTarget(target, path),
    merge: merge === undefined ? undefined : readTarget(merge, path),
    kernelArgs: kargs?.type === "as" ? (kargs.value as readonly string[]) : undefined,
    overlayInitrds: readOverlays(state.get("overlay-initrds"), path),
    extraFields: readExtra(state.get("bootconfig-extra")),
    locked: state.get("locked")?.value === true || existsSync(lockedPath(run)),
  };
}

export function writeStaged(run: string, state: StagedState): void {
  const entries: [string, Variant][] = [["target", targetVariant(state.target)]];
  if (state.locked) entries.push(["locked", { type: "b", value: true }]);
  if (state.merge !== undefined) entries.push(["merge-deployment", targetVariant(state.merge)]);
  if (state.kernelArgs !== undefined) entries.push(["kargs", { type: "as", value: state.kernelArgs }]);
  if (state.overlayInitrds.length > 0) entries.push(["overlay-initrds", { type: "as", value: state.overlayInitrds }]);
  if (state.extraFields.length > 0)
    entries.push(["bootconfig-extra", { type: "a{ss}", value: new Map(state.extraFields) }]);
  makeDirectories(dirname(stagedPath(run)));
  writeFileAtomic(stagedPath(run), writeGVariant("a{sv}", new Map(entries)), { durable: false });
  // libostree before 2023.8 knows the lock only as a file of its own.
  if (state.locked) writeFileAtomic(lockedPath(run), "", { durable: false });
  else removeIfExists(lockedPath(run));
}

/** Removes the state; the deployment's directory is left to the clean-up. */
export function removeStaged(run: string): boolean {
  removeIfExists(lockedPath(run));
  return removeIfExists(stagedPath(run));
}

function targetVariant(target: StagedState["target"]): Variant {
  const text = (value: string): Variant => ({ type: "s", value });
  const value = new Map<string, Variant>([
    ["name", text(deploymentId(target))],
    ["osname", text(target.stateroot)],
    ["bootcsum", text(target.bootChecksum)],
  ]);
  return { type: "a{sv}", value };
}

/** They become parts of paths. */
function readOverlays(variant: Variant | undefined, path: string): readonly string[] {
  const names = variant?.type === "as" ? (variant.value as readonly string[]) : [];
  for (const name of names)
    if (!/^[0-9a-f]{64}$/.test(name)) throw hostError("bad-sysroot", `${path}: ${name} is no checksum`);
  return names;
}

/** They become lines of a boot entry. */
function readExtra(variant: Variant | undefined): readonly BlsField[] {
  if (variant?.type !== "a{ss}" || !(variant.value instanceof Map)) return [];
  const fields = [...(variant.value as ReadonlyMap<string, string>)];
  return fields.filter(([key, value]) => /^[A-Za-z][^ \t\n\r]*$/.test(key) && !/[\n\r\0]/.test(value));
}

function readTarget(variant: Variant, path: string): StagedState["target"] {
  const fields = asDictionary(variant.value, path);
  const text = (key: string): string => {
    const value = fields.get(key)?.value;
    if (typeof value !== "string") throw hostError("bad-sysroot", `${path}: no ${key}`);
    return value;
  };
  const id = parseDeploymentId(text("name"));
  if (id === undefined) throw hostError("bad-sysroot", `${path}: ${text("name")} names no deployment`);
  return { ...id, stateroot: checkStateroot(text("osname")), bootChecksum: text("bootcsum") };
}

function asDictionary(value: GVariantValue, path: string): ReadonlyMap<string, Variant> {
  if (value instanceof Map) return value as ReadonlyMap<string, Variant>;
  throw hostError("bad-sysroot", `${path} does not hold a dictionary`);
}
